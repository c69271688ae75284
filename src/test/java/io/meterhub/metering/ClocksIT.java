package io.meterhub.metering;

import static org.assertj.core.api.Assertions.assertThat;

import io.meterhub.HubTest;
import io.meterhub.simulator.VirtualMall;
import io.meterhub.site.AlarmKind;
import io.meterhub.site.Alarms;
import io.meterhub.site.EnergyKind;
import io.meterhub.site.Gateway;
import io.meterhub.site.ImportResult;
import io.meterhub.site.Site;
import io.meterhub.site.SiteImport;
import io.meterhub.site.SiteSheet;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Clocks of virtual meters that are wrong, in zones in which it is a time to set them, or not. */
@HubTest
class ClocksIT {

    private static final ClockTerms SETTING = new ClockTerms(LocalTime.of(3, 10), 60, 30);

    @Autowired
    SiteImport imports;
    @Autowired
    JdbcClient jdbc;
    @Autowired
    Clocks clocks;
    @Autowired
    Alarms alarms;
    private VirtualMall mall;
    private Site site;
    private int meter;

    /** @param minute of the half hour that it is there now */
    private void aMallWhereItIs(int minute, String code) {
        int offset = Math.floorMod(minute - LocalTime.now(ZoneOffset.UTC).getMinute() % 30, 30);
        mall = VirtualMall.of(new SiteSheet(new SiteSheet.SiteRow(2, code, code, ZoneOffset.ofHoursMinutes(0, offset).getId()),
                List.of(new SiteSheet.GatewayRow(2, "G", "G", "A", "127.9.0.9", 0, Gateway.Framing.TCP, 9600)), List.of(),
                List.of(new SiteSheet.MeterRow(2, "M", "lighting", "G", 1, "demo-adf400l-1p", EnergyKind.ELECTRICITY, null, 1,
                        new BigDecimal("20"), null)))).pace(0).start();
        site = ((ImportResult.Imported) imports.load(mall.sheet(), "test", "tester")).site();
        meter = jdbc.sql("select id from meter where site_id = ?").param(site.id()).query(Integer.class).single();
    }

    @AfterEach
    void close() {
        jdbc.sql("update gateway set enabled = false where site_id = ?").param(site.id()).update();
        mall.close();
    }

    @Test
    void aWrongClockIsAnAlarmUntilItIsSet() {
        aMallWhereItIs(12, "CLOCK-SET");
        mall.clock("M", Duration.ofSeconds(100), 0);
        clocks.look(site, meter, ClockTerms.USUAL);
        assertThat(last().result()).isEqualTo("WRONG");
        assertThat(last().driftSeconds()).isBetween(new BigDecimal("97"), new BigDecimal("103"));
        assertThat(drifting()).isTrue();
        clocks.look(site, meter, SETTING);
        assertThat(last().result()).isEqualTo("SET");
        assertThat(drifting()).isFalse();
        clocks.look(site, meter, SETTING);
        assertThat(last().result()).isEqualTo("OK");
        assertThat(jdbc.sql("select count(*) from audit_log where site_id = ? and what = 'clock.set'").param(site.id()).query(Integer.class).single())
                .isEqualTo(1);
    }

    @Test
    void aClockIsNotSetNearAnEdgeOfRateBandsNorWhereItIsTooFarOff() {
        aMallWhereItIs(0, "CLOCK-EDGE");
        mall.clock("M", Duration.ofSeconds(-100), 0);
        clocks.look(site, meter, SETTING);
        assertThat(last().result()).isEqualTo("EDGE");
        mall.clock("M", Duration.ofHours(-2), 0);
        clocks.look(site, meter, SETTING);
        assertThat(last().result()).isEqualTo("TOO_FAR");
        assertThat(drifting()).isTrue();
        clocks.look(site, meter, SETTING);
        assertThat(last().driftSeconds()).as("nothing was written").isLessThan(new BigDecimal("-7000"));
    }

    private Clocks.Look last() {
        return clocks.looks(meter, 1).get(0);
    }

    private boolean drifting() {
        return !alarms.list(new Alarms.Choice(site.id(), null, true, AlarmKind.CLOCK_DRIFT, null, meter, null), 2).isEmpty();
    }
}
