package io.meterhub.billing;

import java.util.Collection;
import java.util.function.Function;
import org.springframework.jdbc.support.SqlArrayValue;

/** Many rows as the arrays that one statement unnests. */
final class SqlArrays {

    private SqlArrays() {
    }

    /** A column of the rows; {@code type} is PostgreSQL's name of its type. */
    static <T> SqlArrayValue array(String type, Collection<T> rows, Function<? super T, ?> column) {
        return new SqlArrayValue(type, rows.stream().map(column).toArray());
    }
}
