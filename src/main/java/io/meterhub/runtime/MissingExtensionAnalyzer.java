package io.meterhub.runtime;

import java.sql.SQLException;
import java.util.Optional;
import org.flywaydb.core.api.FlywayException;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** A database on another machine that lacks btree_gist, and whose user may not make it. */
class MissingExtensionAnalyzer extends AbstractFailureAnalyzer<FlywayException> {

    @Override
    protected FailureAnalysis analyze(Throwable root, FlywayException failure) {
        return Optional.ofNullable(findCause(failure, SQLException.class))
                .filter(refused -> String.valueOf(refused.getMessage()).contains("btree_gist"))
                .map(refused -> new FailureAnalysis("The database lacks the extension btree_gist and this user cannot make it ("
                        + refused.getMessage().lines().findFirst().orElse("") + ").",
                        "Make the user the owner of its database, or let an administrator run \"create extension btree_gist\" in it; the"
                                + " server needs PostgreSQL's contrib package, such as postgresql-contrib.", failure)).orElse(null);
    }
}
