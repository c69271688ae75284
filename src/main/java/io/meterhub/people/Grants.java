package io.meterhub.people;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import org.springframework.jdbc.core.simple.JdbcClient;

/** The rows of person_grant. */
final class Grants {

    private Grants() {
    }

    static List<Grant> of(JdbcClient jdbc, int personId) {
        return jdbc.sql("select * from person_grant where person_id = ? order by id").param(personId).query(Grants::grant).list();
    }

    private static Grant grant(ResultSet row, int n) throws SQLException {
        Role role = Role.valueOf(row.getString("role"));
        return new Grant(role, role.rights(), row.getObject("site_id", Integer.class), row.getString("shaft"),
                row.getObject("shop_id", Integer.class));
    }
}
