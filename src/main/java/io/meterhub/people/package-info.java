/**
 * Who may do what, and where: people (人员) with roles and rights (权限), the keys of machines, signing in, second factor,
 * lock-out.
 *
 * <p>Owns the tables person, person_grant, recovery_code, person_session, api_key, actor_name, sign_in_failure and known_place. Promises that
 * {@link io.meterhub.people.Rights} answers for whoever acts in the present thread, and that a thread without one is the hub
 * itself; every HTTP request has one (room web). Knows no HTTP. Each room asks it before it does what a person wants.
 */
@ApplicationModule(allowedDependencies = {"runtime", "site"})
package io.meterhub.people;

import org.springframework.modulith.ApplicationModule;
