package io.meterhub.site;

/** The empty spreadsheet to fill in. */
final class SiteTemplate {

    private SiteTemplate() {
    }

    /** Whether a sheet holds words for people, which the reader passes over. */
    static boolean isNotes(String sheet) {
        String name = sheet.strip();
        return name.equalsIgnoreCase("notes") || name.equals("说明") || name.equalsIgnoreCase("notes 说明");
    }
}
