/**
 * What a hub process stands on: its data folder, the embedded PostgreSQL and Artemis (or the addresses of others), the
 * check of all route files before they run, and a start that fails with one clear sentence.
 */
@ApplicationModule(allowedDependencies = {})
package io.meterhub.runtime;

import org.springframework.modulith.ApplicationModule;
