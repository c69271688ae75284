package io.meterhub.web;

import io.meterhub.payment.Channel;
import io.meterhub.payment.Difference;
import io.meterhub.payment.PaymentRefused;
import io.meterhub.payment.ReconciledDay;
import io.meterhub.payment.ReconciledItem;
import io.meterhub.payment.ReconciledItem.Resolution;
import io.meterhub.payment.Reconciliations;
import io.meterhub.payment.Resolutions;
import io.meterhub.web.DetailsPage.Told;
import jakarta.servlet.http.HttpServletResponse;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.springframework.http.HttpStatus;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;

/** Reconciliation as finance sees it each morning: the days, and of a day what is open. */
@Controller
class ReconciliationPage {

    private static final int DAYS = 62;
    private static final int ROWS = 200;

    private final Reconciliations reconciliations;
    private final Resolutions resolutions;
    private final ReconciliationReport report;
    private final JdbcClient jdbc;

    ReconciliationPage(Reconciliations reconciliations, Resolutions resolutions, ReconciliationReport report, JdbcClient jdbc) {
        this.reconciliations = reconciliations;
        this.resolutions = resolutions;
        this.report = report;
        this.jdbc = jdbc;
    }

    @GetMapping("/reconciliation")
    String days(@RequestParam Optional<LocalDate> before, Model model) {
        List<ReconciledDay> days = reconciliations.days(null, before.orElse(null), DAYS);
        model.addAttribute("days", days);
        model.addAttribute("older", days.size() < DAYS ? null : days.get(DAYS - 1).day().plusDays(1));
        model.addAttribute("zone", ReconciliationReport.ZONE);
        model.addAttribute("amounts", new Amounts.Shown());
        return "reconciliation";
    }

    @GetMapping("/reconciliation/{channel}/{day}")
    String day(@PathVariable Channel channel, @PathVariable LocalDate day, @RequestParam Optional<Difference> difference, Model model) {
        ReconciledDay shown = reconciliations.day(channel, day);
        List<ReconciledItem> rows = resolutions.items(channel, day, difference.orElse(null), null, 0, ROWS + 1);
        model.addAttribute("day", shown);
        model.addAttribute("problems", report.words(shown.problems()));
        model.addAttribute("open", resolutions.items(channel, day, null, ReconciledItem.State.OPEN, 0, ROWS));
        model.addAttribute("suspended", resolutions.suspended(channel, day, ROWS));
        model.addAttribute("rows", rows.size() > ROWS ? rows.subList(0, ROWS) : rows);
        model.addAttribute("more", rows.size() > ROWS);
        model.addAttribute("shown", ROWS);
        model.addAttribute("chosen", difference.orElse(null));
        model.addAttribute("rests", List.of(Resolution.SUSPENSE, Resolution.ACCEPT, Resolution.NOT_OURS));
        model.addAttribute("zone", ReconciliationReport.ZONE);
        model.addAttribute("amounts", new Amounts.Shown());
        return "reconciliation-day";
    }

    @PostMapping(path = "/reconciliation/{channel}/{day}/fetch", headers = "HX-Request=true")
    String fetch(@PathVariable Channel channel, @PathVariable LocalDate day, Operator operator, Model model, HttpServletResponse response) {
        return done(channel, day, "reconciliation.fetched", () -> reconciliations.fetch(channel, day, operator.name()), model, response);
    }

    @PostMapping(path = "/reconciliation/{channel}/{day}/bank", headers = "HX-Request=true")
    String bank(@PathVariable Channel channel, @PathVariable LocalDate day, @RequestParam String yuan, @RequestParam Optional<Resolution> rest,
                @RequestParam String why, Operator operator, Model model, HttpServletResponse response) {
        BigDecimal amount = yuan.strip().startsWith("-") ? Forms.yuan(yuan.strip().substring(1)).map(BigDecimal::negate).orElse(null)
                : Forms.yuan(yuan).orElse(null);
        return done(channel, day, "reconciliation.bank_said", () -> reconciliations.bank(channel, day, amount, rest.orElse(null), operator.name(), why),
                model, response);
    }

    /** @param account its number */
    @PostMapping(path = "/reconciliation/{channel}/{day}/items/{id}", headers = "HX-Request=true")
    String resolve(@PathVariable Channel channel, @PathVariable LocalDate day, @PathVariable long id, @RequestParam Resolution resolution,
                   @RequestParam Optional<String> account, @RequestParam String why, Operator operator, Model model, HttpServletResponse response) {
        return done(channel, day, "reconciliation.resolved", () -> resolutions.resolve(id, resolution, accountId(account, id), operator.name(), why),
                model, response);
    }

    /** Null where none was typed; numbers that no account of the item's site has are refused as an account that is not open. */
    private Integer accountId(Optional<String> number, long item) {
        return number.map(Forms::text).filter(typed -> typed != null).map(typed -> jdbc.sql("""
                select id from account where number = :number and (select site_id is null or site_id = account.site_id from pay_match where id = :item)
                order by id limit 1""").param("number", typed).param("item", item).query(Integer.class).optional().orElse(0)).orElse(null);
    }

    private String done(Channel channel, LocalDate day, String said, Supplier<?> act, Model model, HttpServletResponse response) {
        Told told;
        try {
            act.get();
            told = new Told(true, said, List.of());
        } catch (PaymentRefused refused) {
            told = new Told(false, "reconciliation.refused", List.of(refused.getMessage()));
            response.setStatus(HttpStatus.UNPROCESSABLE_ENTITY.value());
        }
        Forms.fromTheTop(response);
        String view = day(channel, day, Optional.empty(), model);
        model.addAttribute("told", told);
        return view + " :: main";
    }
}
