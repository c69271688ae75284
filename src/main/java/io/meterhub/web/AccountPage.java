package io.meterhub.web;

import io.meterhub.billing.Account;
import io.meterhub.billing.AccountLife;
import io.meterhub.billing.AccountRefused;
import io.meterhub.billing.AccountWish.Close;
import io.meterhub.billing.AccountWish.Customer;
import io.meterhub.billing.AccountWish.Move;
import io.meterhub.billing.Accounts;
import io.meterhub.billing.Bills;
import io.meterhub.billing.Counter;
import io.meterhub.billing.CounterRequest;
import io.meterhub.billing.CounterResult;
import io.meterhub.billing.CreditTerms;
import io.meterhub.billing.PayMethod;
import io.meterhub.billing.Receipt;
import io.meterhub.billing.Settlement;
import io.meterhub.billing.Settlements;
import io.meterhub.payment.Orders;
import io.meterhub.people.Rights;
import io.meterhub.site.Place;
import io.meterhub.site.Site;
import io.meterhub.site.Texts;
import io.meterhub.web.Equipment.MeterChoice;
import io.meterhub.web.Equipment.MeterNow;
import io.meterhub.web.Problems.Refusal;
import jakarta.servlet.http.HttpServletResponse;
import java.math.BigDecimal;
import java.time.YearMonth;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Collectors;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;

/**
 * An account's own page: what it holds, its bill and receipts, and all that can be done with it. A form is answered with what
 * would come of it, by a trial that is taken back; confirmed, it is done, once. None of it needs a script.
 */
@Controller
@RequestMapping("/accounts/{id}")
class AccountPage {

    private static final int LINES = 15;
    private static final int MOST_METERS = 200;
    private static final String READING = "reading.";

    private final Accounts accounts;
    private final AccountLife life;
    private final Counter counter;
    private final Orders orders;
    private final CreditTerms terms;
    private final Bills bills;
    private final Settlements settlements;
    private final Equipment equipment;
    private final ReceiptPaper paper;
    private final View view;
    private final Rights rights;
    private final Texts texts;

    AccountPage(Accounts accounts, AccountLife life, Counter counter, Orders orders, CreditTerms terms, Bills bills, Settlements settlements,
                Equipment equipment, ReceiptPaper paper, View view, Rights rights, Texts texts) {
        this.accounts = accounts;
        this.life = life;
        this.counter = counter;
        this.orders = orders;
        this.terms = terms;
        this.bills = bills;
        this.settlements = settlements;
        this.equipment = equipment;
        this.paper = paper;
        this.view = view;
        this.rights = rights;
        this.texts = texts;
    }

    /**
     * What came of a form.
     *
     * @param next   where to go on when it is done; else null
     * @param wouldBe what is to be confirmed
     */
    private record Outcome(String next, List<ReceiptPaper.Line> wouldBe) {
    }

    @GetMapping
    String page(@PathVariable int id, @RequestParam Map<String, String> given, Model model) {
        Account account = account(id);
        fill(account, model);
        List<AccountAct> acts = acts(account);
        form(AccountAct.of(given.getOrDefault("act", "")).filter(acts::contains).or(() -> acts.stream().findFirst()).orElse(null), given,
                Map.of(), model);
        AccountAct.of(given.getOrDefault("done", "")).ifPresent(done -> model.addAttribute("done", done));
        return "account";
    }

    @PostMapping(consumes = MediaType.APPLICATION_FORM_URLENCODED_VALUE)
    String act(@PathVariable int id, Operator operator, @RequestParam Map<String, String> given, Locale locale, Model model, HttpServletResponse response) {
        Account account = account(id);
        AccountAct act = AccountAct.of(given.getOrDefault("act", "")).orElseThrow(() -> Refusal.notFound("act", given.get("act")));
        Map<String, String> wrong = new LinkedHashMap<>();
        if (!"edit".equals(given.get("step"))) {
            try {
                Outcome outcome = carryOut(account, act, given, operator.name(), "do".equals(given.get("step")), locale);
                if (outcome.next() != null) {
                    return "redirect:" + outcome.next();
                }
                model.addAttribute("wouldBe", outcome.wouldBe());
            } catch (NotSo e) {
                wrong.put(e.field(), e.getMessage());
            } catch (AccountRefused e) {
                if (ends(act) && "do".equals(given.get("step")) && settlements.of(account(id)).isPresent()) {
                    // pressed twice: it is done
                    return "redirect:" + settlement(id);
                }
                wrong.put(e.field(), e.getMessage());
            }
        }
        if (!wrong.isEmpty()) {
            response.setStatus(HttpStatus.UNPROCESSABLE_ENTITY.value());
        }
        fill(account, model);
        form(act, given, wrong, model);
        return "account";
    }

    private static boolean ends(AccountAct act) {
        return act == AccountAct.CLOSE || act == AccountAct.MOVE;
    }

    private static String settlement(int account) {
        return "/accounts/" + account + "/settlement";
    }

    @GetMapping("/bill")
    String bill(@PathVariable int id, @RequestParam(required = false) YearMonth month, Model model) {
        Account account = account(id);
        common(account, model);
        model.addAttribute("bill", bills.of(account, month));
        return "bill";
    }

    @GetMapping("/receipts/{number}")
    String receipt(@PathVariable int id, @PathVariable String number, Model model) {
        Account account = account(id);
        return paper(account, paper.of(view.site(account.siteId()), accounts.receipt(id, number)
                .orElseThrow(() -> Refusal.notFound("receipt of this account", number))), model);
    }

    @GetMapping("/settlement")
    String settlement(@PathVariable int id, Model model) {
        Account account = account(id);
        return paper(account, paper.of(view.site(account.siteId()), settlements.of(account)
                .orElseThrow(() -> Refusal.notFound("settlement of account", id))), model);
    }

    private String paper(Account account, ReceiptPaper.Paper its, Model model) {
        common(account, model);
        model.addAttribute("paper", its);
        return "paper";
    }

    private Account account(int id) {
        return accounts.account(id).orElseThrow(() -> Refusal.notFound("account", id));
    }

    private void common(Account account, Model model) {
        Site site = view.site(account.siteId());
        model.addAttribute("account", account);
        model.addAttribute("site", site);
        model.addAttribute("zone", site.zone());
        model.addAttribute("amounts", new Amounts.Shown());
    }

    private void fill(Account account, Model model) {
        common(account, model);
        List<Receipt> receipts = accounts.receipts(account.id(), null, LINES);
        model.addAttribute("level", Board.Level.of(account.creditYuan(), account.warn1Yuan(), account.warn2Yuan(), account.overdraftYuan()));
        model.addAttribute("emergencyAllowed", terms.emergencyAllowed(account.id()));
        model.addAttribute("bill", bills.of(account, null));
        model.addAttribute("receipts", receipts);
        model.addAttribute("takenBack", receipts.stream().map(Receipt::reversedNumber).filter(Objects::nonNull).collect(Collectors.toSet()));
        model.addAttribute("meters", meters(account));
    }

    private List<MeterNow> meters(Account account) {
        if (account.state() != Account.State.PREPARED) {
            return accounts.meters(account.id()).stream().flatMap(meter -> equipment.meter(meter).stream()).toList();
        }
        return equipment.meters(new MeterChoice(null, null, account.shopId(), null, null), 0, MOST_METERS).stream()
                .filter(meter -> meter.enabled() && account.kind().energyKind().equals(Optional.of(meter.energyKind()))).toList();
    }

    /** What can be done with it in its state, by whoever asks. */
    private List<AccountAct> acts(Account account) {
        return AccountAct.of(account.state()).stream().filter(act -> rights.may(act.right(), Place.shop(account.siteId(), account.shopId()))).toList();
    }

    private void form(AccountAct act, Map<String, String> given, Map<String, String> wrong, Model model) {
        model.addAttribute("acts", acts((Account) Objects.requireNonNull(model.getAttribute("account"))));
        model.addAttribute("act", act);
        model.addAttribute("given", given);
        model.addAttribute("wrong", wrong);
        List<String> beside = act == null ? List.of() : act.fields().stream().map(AccountAct.Field::name).toList();
        model.addAttribute("refused", wrong.entrySet().stream().filter(each -> !beside.contains(each.getKey()))
                .map(Map.Entry::getValue).findFirst().orElse(null));
        // refused, nothing was done by this key: the next attempt is another act
        model.addAttribute("key", wrong.isEmpty() && given.containsKey("key") ? given.get("key") : UUID.randomUUID().toString());
    }

    private Outcome carryOut(Account account, AccountAct act, Map<String, String> given, String who, boolean sure, Locale locale) {
        act.fields().stream().filter(field -> field.needed() && text(given, field.name()) == null).findFirst().ifPresent(field -> {
            throw new NotSo(field.name(), texts.of("desk.needed"));
        });
        if (act.kind() != null) {
            return atTheCounter(account, act, given, who, sure, locale);
        }
        if (!AccountAct.of(account.state()).contains(act) && !(ends(act) && account.state() == Account.State.CLOSED)) {
            throw new NotSo("id", texts.of("refused.account_is." + account.state(), account.number()));
        }
        String why = text(given, "why");
        String done = "/accounts/" + account.id() + "?done=" + act.path();
        switch (act) {
            case OVERDRAFT, EMERGENCY_LIMIT -> {
                BigDecimal limit = text(given, "limitYuan") == null ? null : Forms.yuan(given.get("limitYuan"))
                        .orElseThrow(() -> new NotSo("limitYuan", texts.of("desk.bad_limit")));
                if (!sure) {
                    return new Outcome(null, paper.lines(account, locale, "limit",
                            limit == null ? texts.of("desk.as_site") : Amounts.yuan(limit), why, who));
                }
                if (act == AccountAct.OVERDRAFT) {
                    terms.overdraft(account.id(), limit, who, why);
                } else {
                    terms.emergency(account.id(), limit, who, why);
                }
                return new Outcome(done, null);
            }
            case OPEN -> {
                Map<Integer, BigDecimal> readings = readings(given);
                if (!sure) {
                    return new Outcome(null, paper.lines(account, locale, null, null, why, who));
                }
                life.open(account.id(), readings, who, why);
                return new Outcome(done, null);
            }
            case CLOSE, MOVE -> {
                Close close = new Close(account.id(), readings(given), choice(PayMethod.class, given, "method"), why);
                Settlement settlement;
                if (!sure) {
                    settlement = life.preview(close, who);
                } else if (act == AccountAct.CLOSE) {
                    settlement = life.close(close, who);
                } else {
                    settlement = life.move(new Move(close, null, new Customer(text(given, "customer"), text(given, "phone"))), who).settlement();
                }
                return sure ? new Outcome(settlement(settlement.accountId()), null)
                        : new Outcome(null, paper.lines(view.site(account.siteId()), settlement, locale));
            }
            default -> throw new IllegalStateException("Nobody carries out " + act);
        }
    }

    private Outcome atTheCounter(Account account, AccountAct act, Map<String, String> given, String who, boolean sure, Locale locale) {
        CounterRequest request = new LedgerApi.Order(amount(given), choice(PayMethod.class, given, "method"), otherAccount(account, given),
                text(given, "receipt"), choice(LedgerApi.Owed.class, given, "of"), share(given), text(given, "note"))
                .request(act, "desk-" + given.get("key"), account.id(), who);
        CounterResult result = sure ? orders.act(request) : counter.preview(request);
        if (result instanceof CounterResult.Refused refused) {
            throw new NotSo(refused.field(), refused.why());
        }
        if (result instanceof CounterResult.KeyReused reused) {
            throw new NotSo("key", texts.of("act.key_reused", reused.first().number()));
        }
        CounterResult.Booked booked = (CounterResult.Booked) result;
        if (sure || booked.replayed()) {
            return new Outcome("/accounts/" + account.id() + "/receipts/" + booked.receipt().number(), null);
        }
        List<ReceiptPaper.Line> lines = new ArrayList<>(paper.lines(booked.receipt(), locale));
        lines.add(new ReceiptPaper.Line(texts.of("desk.credit_after"), Amounts.yuan(booked.creditAfterYuan())));
        return new Outcome(null, lines);
    }

    private static String text(Map<String, String> given, String field) {
        return Forms.text(given.get(field));
    }

    private BigDecimal amount(Map<String, String> given) {
        return text(given, "amountYuan") == null ? null : Forms.amount(given.get("amountYuan"))
                .orElseThrow(() -> new NotSo("amountYuan", texts.of("act.bad_amount")));
    }

    private BigDecimal share(Map<String, String> given) {
        return text(given, "sharePercent") == null ? null : Forms.amount(given.get("sharePercent"))
                .orElseThrow(() -> new NotSo("sharePercent", texts.of("refused.debt_share")));
    }

    private Integer otherAccount(Account account, Map<String, String> given) {
        String number = text(given, "toAccountId");
        return number == null ? null : accounts.numbered(account.siteId(), number).map(Account::id)
                .orElseThrow(() -> new NotSo("toAccountId", texts.of("refused.no_account", number)));
    }

    private <E extends Enum<E>> E choice(Class<E> kind, Map<String, String> given, String field) {
        String chosen = text(given, field);
        try {
            return chosen == null ? null : Enum.valueOf(kind, chosen);
        } catch (IllegalArgumentException e) {
            throw new NotSo(field, texts.of("desk.needed"));
        }
    }

    private Map<Integer, BigDecimal> readings(Map<String, String> given) {
        Map<Integer, BigDecimal> readings = new LinkedHashMap<>();
        given.keySet().stream().filter(field -> field.startsWith(READING) && text(given, field) != null).forEach(field -> {
            try {
                readings.put(Integer.valueOf(field.substring(READING.length())), new BigDecimal(text(given, field)));
            } catch (NumberFormatException e) {
                throw new NotSo("readings", texts.of("reading.number"));
            }
        });
        return readings;
    }
}
