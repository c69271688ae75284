package io.meterhub.web;

/** What of a form cannot be, for the place beside its field. */
final class NotSo extends RuntimeException {

    private final String field;

    NotSo(String field, String why) {
        super(why);
        this.field = field;
    }

    String field() {
        return field;
    }
}
