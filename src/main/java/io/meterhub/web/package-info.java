/**
 * The face: the live board at /, the REST API under /api/v1 with problem+json errors, and the metrics.
 *
 * <p>Owns no table. Reads with its own queries; every change goes through the room that owns it.
 */
@ApplicationModule(allowedDependencies = {"operation", "tenant", "payment", "supply", "billing", "metering", "people", "site"})
package io.meterhub.web;

import org.springframework.modulith.ApplicationModule;
