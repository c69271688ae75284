package io.meterhub.site;

import java.util.List;
import java.util.stream.Collectors;

/** A site's spreadsheet that cannot be taken: everything that is wrong with it, not the first thing only. */
public final class SiteFileRefused extends RuntimeException {

    private final transient List<SiteSheet.Problem> problems;

    public SiteFileRefused(String fileName, List<SiteSheet.Problem> problems) {
        super("The site file " + fileName + " is not taken: " + problems.stream()
                .map(SiteSheet.Problem::toString).collect(Collectors.joining("\n  ", "\n  ", "")));
        this.problems = List.copyOf(problems);
    }

    /** In the order of the sheets and rows; never empty. */
    public List<SiteSheet.Problem> problems() {
        return problems;
    }
}
