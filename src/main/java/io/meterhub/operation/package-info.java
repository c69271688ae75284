/**
 * Operations on meters as jobs (操作任务): read now, set clocks, read and write parameters, read the meter's own records, switch;
 * on one meter or on many, with progress, a result for each meter, and its failures again.
 *
 * <p>Owns the tables operation_job and operation_item. Promises one operation at a time on a gateway beside its rounds, turns with
 * polling for jobs of many meters, that a job goes on after a crash, and that nothing is written to a meter before it was read.
 */
@ApplicationModule(allowedDependencies = {"supply", "metering", "people", "site"})
package io.meterhub.operation;

import org.springframework.modulith.ApplicationModule;
