package io.meterhub.supply;

import io.meterhub.billing.AccountKind;
import io.meterhub.billing.AccountWatch;
import java.util.List;
import java.util.stream.Stream;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** A meter that no account pays for any more is off; what the former tenant owed or was granted ends with the account. */
@Component
class Tenancy implements AccountWatch {

    private final JdbcClient jdbc;
    private final Reasons reasons;

    Tenancy(JdbcClient jdbc, Reasons reasons) {
        this.jdbc = jdbc;
        this.reasons = reasons;
    }

    @Override
    public void vacated(Served vacated) {
        String why = "account " + vacated.number() + " was closed";
        if (vacated.kind() == AccountKind.PROPERTY_FEE) {
            reasons.follow(ends(shopMeters(vacated.shopId()), vacated.who(), why, ReasonKind.PROPERTY_FEE), List.of());
            return;
        }
        reasons.follow(ends(vacated.meterIds(), vacated.who(), why, ReasonKind.ARREARS, ReasonKind.KEEP_ON), vacated.meterIds().stream()
                .map(meter -> new Reasons.Start(meter, ReasonKind.CLOSED_ACCOUNT, null, vacated.who(), why)).toList());
    }

    @Override
    public void served(Served served) {
        String why = "account " + served.number() + " was opened";
        if (served.kind() == AccountKind.PROPERTY_FEE) {
            reasons.follow(ends(shopMeters(served.shopId()), served.who(), why, ReasonKind.PROPERTY_FEE), List.of());
        } else if (served.newTenant()) {
            reasons.follow(ends(served.meterIds(), served.who(), why, ReasonKind.CLOSED_ACCOUNT, ReasonKind.ARREARS, ReasonKind.KEEP_ON),
                    List.of());
        } else {
            reasons.follow(ends(served.meterIds(), served.who(), why, ReasonKind.CLOSED_ACCOUNT), List.of());
        }
    }

    private List<Integer> shopMeters(int shopId) {
        return jdbc.sql("select id from meter where shop_id = ? order by id").param(shopId).query(Integer.class).list();
    }

    private static List<Reasons.End> ends(List<Integer> meters, String who, String why, ReasonKind... kinds) {
        return meters.stream().flatMap(meter -> Stream.of(kinds).map(kind -> new Reasons.End(meter, kind, who, why))).toList();
    }
}
