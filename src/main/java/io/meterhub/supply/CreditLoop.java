package io.meterhub.supply;

import io.meterhub.metering.MeterOperations.Read;
import io.meterhub.metering.MeterOperations.Result;
import io.meterhub.metering.MeterOperations;
import io.meterhub.metering.Slice;
import io.meterhub.metering.WholeReadings;
import io.meterhub.metering.Why;
import io.meterhub.site.AlarmKind;
import io.meterhub.site.Alarms;
import java.math.BigDecimal;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.apache.camel.ProducerTemplate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Brings purchases into meters that keep credit: the count that the meter shows against the ledger's, the next purchase written, the
 * count read back. A purchase has its number, durably, before it is written, and is written only while the meter shows the
 * count before it: whatever was lost on the way, it is in the meter once.
 */
@Component
class CreditLoop implements WholeReadings {

    /** The name of the count in a model file, and of the meter's own credit. */
    static final String COUNT = "purchase-count";
    static final String CREDIT = "meter-credit";

    private static final Logger log = LoggerFactory.getLogger(CreditLoop.class);
    // longer than anything that is done to one meter takes, all time-outs together
    private static final Duration HOLD = Duration.ofMinutes(1);
    private static final Duration LONGEST_PAUSE = Duration.ofMinutes(5);
    private static final Duration FIRST_PAUSE = Duration.ofSeconds(2);

    /** Which meters there is something to do for: a purchase, or a count that a reading since the last one shows and that is another. */
    private static final String DUE = """
            from meter_credit c join meter m on m.id = c.meter_id
            where c.mode = 'METER' and c.stopped_at is null and m.gateway_id is not null
              and (c.held_until is null or c.held_until < :now) and (c.next_try_at is null or c.next_try_at <= :now)
              and (exists (select from meter_purchase p where p.meter_id = c.meter_id and p.state in ('WAITING', 'WRITING'))
                   or exists (select from meter_state s where s.meter_id = c.meter_id and s.live_at > greatest(c.since,
                             (select max(p.confirmed_at) from meter_purchase p where p.meter_id = c.meter_id))
                        and (s.live ->> 'purchase-count')::numeric <> (c.base + (select coalesce(max(p.number), 0) from meter_purchase p
                             where p.meter_id = c.meter_id)) % 65536))
            """;

    private final JdbcClient jdbc;
    private final MeterOperations meters;
    private final Alarms alarms;
    private final Rows rows;
    private final ProducerTemplate routes;
    private final Clock clock;
    private final TransactionTemplate transaction;

    CreditLoop(JdbcClient jdbc, MeterOperations meters, Alarms alarms, Rows rows, ProducerTemplate routes, Clock clock,
               TransactionTemplate transaction) {
        this.jdbc = jdbc;
        this.meters = meters;
        this.alarms = alarms;
        this.rows = rows;
        this.routes = routes;
        this.clock = clock;
        this.transaction = transaction;
    }

    /** A meter that there is something to do for. */
    public record Due(int meter, int gateway) {
    }

    /** A purchase that is to be written now, with the count that goes with it. */
    record Purchase(long id, BigDecimal amountYuan, int count) {
    }

    /** Called by the route credit-meters. */
    public List<Due> due() {
        return jdbc.sql("select c.meter_id as meter, m.gateway_id as gateway " + DUE + "order by c.meter_id").param("now", at(clock.instant()))
                .query(Due.class).list();
    }

    /** Makes the loop come to the meter when the caller's transaction is done. Only a hint: if it is lost, the next tick does the same. */
    void poke(int meterId) {
        TransactionSynchronizationManager.registerSynchronization(new TransactionSynchronization() {
            @Override
            public void afterCommit() {
                try {
                    jdbc.sql("select id as meter, gateway_id as gateway from meter where id = ? and gateway_id is not null").param(meterId)
                            .query(Due.class).optional().ifPresent(due -> routes.sendBody("direct:credit-meter", due));
                } catch (RuntimeException e) {
                    log.warn("The purchase of meter {} waits for the next tick: {}", meterId, e.getMessage());
                }
            }
        });
    }

    /** Brings what waits into the meter, one after the other. Called by the route credit-meter; nothing while somebody else does it. */
    public void advance(int meterId) {
        boolean more;
        do {
            UUID me = UUID.randomUUID();
            if (!hold(meterId, me)) {
                return;
            }
            Why failure = new Why("why.fault", List.of());
            try {
                failure = work(meterId, me);
            } finally {
                release(meterId, me, failure);
            }
            // who sold meanwhile found the meter held
            more = failure == null;
        } while (more);
    }

    /** The meter's credit and count are compared with what the ledger holds at the same reading. */
    @Override
    public Set<Integer> needed(Collection<Integer> meterIds) {
        return Set.copyOf(jdbc.sql("select meter_id from meter_credit where mode = 'METER' and meter_id = any(:ids)")
                .param("ids", meterIds.toArray(Integer[]::new)).query(Integer.class).list());
    }

    /** Nobody else writes credit to the meter until this is released, or its time is over. */
    boolean hold(int meterId, UUID me) {
        Instant now = clock.instant();
        return jdbc.sql("""
                update meter_credit set worker = :me, held_until = :until where meter_id = (select c.meter_id %s and c.meter_id = :meter
                for no key update of c)""".formatted(DUE)).param("me", me).param("until", at(now.plus(HOLD))).param("now", at(now))
                .param("meter", meterId).update() == 1;
    }

    private Why work(int meterId, UUID me) {
        Read<Slice.Reading> read = meters.readNow(meterId);
        if (read instanceof Read.Missed<Slice.Reading> missed) {
            return why(missed.result());
        }
        int shown = count(((Read.Got<Slice.Reading>) read).value());
        while (true) {
            Optional<Purchase> next = take(meterId, me, shown);
            if (next.isEmpty()) {
                return null;
            }
            long purchase = next.get().id();
            Result result = meters.credit(meterId, next.get().amountYuan(), next.get().count(), () -> stands(meterId, me, purchase));
            if (!(result instanceof Result.Done)) {
                return why(result);
            }
            shown = next.get().count();
        }
    }

    /** Asked when the meter is there for this alone: it may have been taken back by the hub while that was waited for. */
    boolean stands(int meterId, UUID me, long purchase) {
        return jdbc.sql("""
                select exists (select from meter_credit c join meter_purchase p on p.meter_id = c.meter_id
                               where c.meter_id = :meter and c.worker = :me and c.mode = 'METER' and c.stopped_at is null
                                 and p.id = :purchase and p.state = 'WRITING')""")
                .param("meter", meterId).param("me", me).param("purchase", purchase).query(Boolean.class).single();
    }

    static int count(Slice.Reading reading) {
        BigDecimal count = reading.live().get(COUNT);
        if (count == null) {
            throw new IllegalStateException("Meter " + reading.meter() + " keeps credit but shows no " + COUNT);
        }
        return count.intValueExact();
    }

    /**
     * Takes notice of the count that the meter shows, and gives the purchase that is to be written now its number.
     *
     * @return empty: nothing may be written, for there is nothing more, the count cannot be, or somebody else has taken over
     */
    Optional<Purchase> take(int meterId, UUID me, int shown) {
        return transaction.execute(status -> {
            Instant now = clock.instant();
            Optional<Integer> base = jdbc.sql("""
                    update meter_credit set held_until = :until
                    where meter_id = :meter and worker = :me and mode = 'METER' and stopped_at is null returning base""")
                    .param("until", at(now.plus(HOLD))).param("meter", meterId).param("me", me).query(Integer.class).optional();
            if (base.isEmpty()) {
                return Optional.empty();
            }
            PurchaseCount count = count(meterId, base.get());
            return switch (count.compare(shown)) {
                case LEVEL -> next(meterId, count, now);
                case HAS_IT -> {
                    jdbc.sql("update meter_purchase set state = 'CONFIRMED', confirmed_at = :now where meter_id = :meter and state = 'WRITING'")
                            .param("now", at(now)).param("meter", meterId).update();
                    yield next(meterId, count(meterId, base.get()), now);
                }
                case AHEAD -> stop(meterId, AlarmKind.COUNT_AHEAD, count, shown, now);
                case BEHIND -> stop(meterId, AlarmKind.COUNT_BEHIND, count, shown, now);
            };
        });
    }

    /** What the ledger knows of the meter. The last number that is not being written was confirmed, or given up with an earlier mode. */
    PurchaseCount count(int meterId, int base) {
        return jdbc.sql("""
                select coalesce(max(number) filter (where state <> 'WRITING'), 0) as confirmed,
                       coalesce(bool_or(state = 'WRITING'), false) as writing
                from meter_purchase where meter_id = ?""").param(meterId)
                .query((row, n) -> new PurchaseCount(base, row.getLong("confirmed"), row.getBoolean("writing"))).single();
    }

    private Optional<Purchase> next(int meterId, PurchaseCount count, Instant now) {
        if (!count.writing()) {
            // one that is taken back just now is not written: its row is locked, and no longer WAITING afterwards
            jdbc.sql("""
                    update meter_purchase set state = 'WRITING', number = :number, written_at = :now
                    where id = (select id from meter_purchase where meter_id = :meter and state = 'WAITING' order by id limit 1 for update)
                      and state = 'WAITING'""")
                    .param("number", count.confirmed() + 1).param("now", at(now)).param("meter", meterId).update();
        }
        return jdbc.sql("select id, amount_yuan, number from meter_purchase where meter_id = ? and state = 'WRITING'").param(meterId)
                .query((row, n) -> new Purchase(row.getLong("id"), row.getBigDecimal("amount_yuan"), count.of(row.getLong("number"))))
                .optional();
    }

    private Optional<Purchase> stop(int meterId, AlarmKind kind, PurchaseCount count, int shown, Instant now) {
        jdbc.sql("update meter_credit set stopped_at = :now, stopped_count = :shown where meter_id = :meter")
                .param("now", at(now)).param("shown", shown).param("meter", meterId).update();
        alarms.raise(kind, meterId, Map.of("shown", shown, "expected", count.of(count.confirmed())));
        return Optional.empty();
    }

    private void release(int meterId, UUID me, Why failure) {
        transaction.executeWithoutResult(status -> {
            Instant now = clock.instant();
            int attempts = failure == null ? 0 : 1 + jdbc.sql("select attempts from meter_credit where meter_id = ? and worker = ?")
                    .params(meterId, me).query(Integer.class).optional().orElse(0);
            Duration pause = FIRST_PAUSE.multipliedBy(1L << Math.min(attempts, 10));
            jdbc.sql("""
                    update meter_credit set worker = null, held_until = null, attempts = :attempts, next_try_at = :next, failure = :why::jsonb
                    where meter_id = :meter and worker = :me""")
                    .param("attempts", attempts)
                    .param("next", failure == null ? null : at(now.plus(pause.compareTo(LONGEST_PAUSE) < 0 ? pause : LONGEST_PAUSE)))
                    .param("why", rows.json(failure)).param("meter", meterId).param("me", me).update();
        });
    }

    static Why why(Result result) {
        if (result instanceof Result.NotAvailable none) {
            return none.why();
        }
        if (result instanceof Result.Refused refused) {
            return refused.why();
        }
        if (result instanceof Result.Unreachable silent) {
            return silent.why();
        }
        return ((Result.Unknown) result).why();
    }

    private static OffsetDateTime at(Instant instant) {
        return instant.atOffset(ZoneOffset.UTC);
    }
}
