package io.meterhub.people;

import java.util.List;

/**
 * Who acts: a person who signed in, or a machine by its key.
 *
 * @param id         of the person or of the key
 * @param name       as the audit log has it
 * @param mustChange the password is a one-time one, and nothing may be done before it is changed
 */
public record Actor(int id, boolean machine, String name, boolean mustChange, List<Grant> grants) {
}
