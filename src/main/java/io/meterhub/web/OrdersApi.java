package io.meterhub.web;

import io.meterhub.billing.Accounts;
import io.meterhub.payment.Channel;
import io.meterhub.payment.Contradiction;
import io.meterhub.payment.Contradictions;
import io.meterhub.payment.Order;
import io.meterhub.payment.OrderWish;
import io.meterhub.payment.Orders;
import io.meterhub.payment.PayTerms;
import io.meterhub.payment.PayTerms.Rule;
import io.meterhub.payment.Payment;
import io.meterhub.payment.Progress;
import io.meterhub.payment.Refund;
import io.meterhub.payment.Refunds;
import io.meterhub.payment.SitePayTerms;
import io.meterhub.payment.Step;
import io.meterhub.payment.Suspense;
import io.meterhub.payment.Way;
import io.meterhub.web.Problems.Refusal;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.validation.Valid;
import jakarta.validation.constraints.DecimalMin;
import jakarta.validation.constraints.Digits;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Pattern;
import jakarta.validation.constraints.Size;
import java.math.BigDecimal;
import java.util.List;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/** Orders that shops pay through a platform, what came for them, and what is given back. */
@RestController
@RequestMapping("/api/v1")
@Tag(name = "Payments", description = "Orders by WeChat and Alipay; sales at the counter are orders too, made by `POST /accounts/{id}/sales`.")
class OrdersApi {

    private static final String KEY = "[\\x21-\\x7e]{1,100}";

    private final Orders orders;
    private final Refunds refunds;
    private final Suspense suspense;
    private final Contradictions contradictions;
    private final SitePayTerms terms;
    private final Accounts accounts;
    private final View view;

    OrdersApi(Orders orders, Refunds refunds, Suspense suspense, Contradictions contradictions, SitePayTerms terms, Accounts accounts, View view) {
        this.orders = orders;
        this.refunds = refunds;
        this.suspense = suspense;
        this.contradictions = contradictions;
        this.terms = terms;
        this.accounts = accounts;
        this.view = view;
    }

    @Schema(name = "OrderWish")
    record Wish(@NotNull(message = "{valid.needed}") Integer accountId,
                @NotNull(message = "{valid.needed}") Way way,
                @NotNull(message = "{valid.needed}") @DecimalMin(value = "0.01", message = "{valid.least}")
                @Digits(integer = 9, fraction = 2, message = "{valid.two_decimals}") BigDecimal amountYuan,
                @Schema(description = "The payer's openid, for WECHAT_JSAPI") @Size(max = 128, message = "{valid.characters}") String payer,
                @Schema(description = "The payer's IP address, for WECHAT_H5") @Size(max = 45, message = "{valid.characters}") String address,
                @Schema(description = "Where the payer's browser comes back to; {number} in it becomes the order's number")
                @Size(max = 2000, message = "{valid.characters}") String returnTo) {
    }

    @Schema(name = "OrderDetail")
    record Detail(Order order, List<Payment> payments, List<Refund> refunds, List<Step> steps) {
    }

    @Schema(name = "RefundWish")
    record Back(@Schema(description = "Without it: all of the payment that was not given back")
                @DecimalMin(value = "0.01", message = "{valid.least}") @Digits(integer = 9, fraction = 2, message = "{valid.two_decimals}")
                BigDecimal amountYuan,
                @Schema(description = "The payer may read it") @NotBlank(message = "{valid.why}") @Size(max = 80, message = "{valid.characters}") String why) {
    }

    @Schema(name = "PaymentDecision")
    record Decision(@NotBlank(message = "{valid.why}") @Size(max = 80, message = "{valid.characters}") String why) {
    }

    @Schema(name = "SuspenseCredit")
    record Credit(@Schema(description = "An account of the same site; of any, if the money came for an order that the hub does not know") @NotNull(message = "{valid.needed}") Integer accountId,
                  @NotBlank(message = "{valid.why}") @Size(max = 80, message = "{valid.characters}") String why) {
    }

    @Schema(name = "NewPayTerms")
    record NewTerms(@Schema(description = "Of money that arrives for an order that was closed") @NotNull(message = "{valid.needed}") Rule late,
                    @Schema(description = "Of a second payment of one order") @NotNull(message = "{valid.needed}") Rule second,
                    @Schema(description = "Above it a refund needs a second person") @NotNull(message = "{valid.needed}") BigDecimal approveAboveYuan,
                    @Schema(description = "How long an order can be paid, 2 to 120") int orderMinutes,
                    @NotNull(message = "{valid.needed}") BigDecimal leastYuan, @NotNull(message = "{valid.needed}") BigDecimal mostYuan,
                    @NotBlank(message = "{valid.why}") @Size(max = 500, message = "{valid.characters}") String why) {

        PayTerms terms() {
            return new PayTerms(late, second, approveAboveYuan, orderMinutes, leastYuan, mostYuan);
        }
    }

    @GetMapping("/payment-ways")
    @Operation(summary = "The ways in which orders can be paid now")
    List<Way> ways() {
        return orders.ways();
    }

    @PostMapping(path = "/orders", consumes = MediaType.APPLICATION_JSON_VALUE)
    @ResponseStatus(HttpStatus.CREATED)
    @Operation(summary = "Opens an order at a platform", description = "cashier says how the payer gets to the platform's cashier. It is missing while the platform"
            + " has not answered: the state is CREATED then, and asking again with the same key asks the platform again for the same order.")
    Order open(@RequestHeader("Idempotency-Key") @Pattern(regexp = KEY, message = "{valid.key}") String key, Operator operator,
               @Valid @RequestBody Wish wish) {
        account(wish.accountId());
        return orders.open(new OrderWish(key, wish.accountId(), wish.way(), wish.amountYuan(), operator.name(), wish.payer(), wish.address(),
                wish.returnTo()));
    }

    private void account(int id) {
        accounts.account(id).orElseThrow(() -> Refusal.notFound("account", id));
    }

    @GetMapping("/orders")
    @Operation(summary = "An account's orders, the newest first")
    List<Order> orders(@RequestParam int account, @Parameter(description = "Orders before this id") @RequestParam(required = false) Long before,
                       @RequestParam(defaultValue = "50") @Min(1) @Max(500) int limit) {
        account(account);
        return orders.of(account, before, limit);
    }

    @GetMapping("/orders/{channel}/{number}")
    @Operation(summary = "An order with what came for it, what was given back, and its history")
    Detail order(@PathVariable Channel channel, @PathVariable String number) {
        Order order = seen(channel, number);
        List<Payment> payments = orders.payments(order.id());
        return new Detail(order, payments, payments.stream().flatMap(payment -> refunds.of(payment.id()).stream()).toList(), orders.steps(order.id()));
    }

    @GetMapping("/orders/{channel}/{number}/progress")
    @Operation(summary = "An order as its payer follows it, up to power being back")
    Progress progress(@PathVariable Channel channel, @PathVariable String number) {
        seen(channel, number);
        return orders.progress(channel, number).orElseThrow();
    }

    private Order seen(Channel channel, String number) {
        return orders.find(channel, number).orElseThrow(() -> Refusal.notFound("order", channel + " " + number));
    }

    @GetMapping("/payments/{id}")
    @Operation(summary = "Money that came")
    Payment payment(@PathVariable long id) {
        return suspense.payment(id).orElseThrow(() -> Refusal.notFound("payment", id));
    }

    @PostMapping(path = "/payments/{id}/refunds", consumes = MediaType.APPLICATION_JSON_VALUE)
    @ResponseStatus(HttpStatus.CREATED)
    @Operation(summary = "Gives a credited payment back, in part or whole, by the way it came", description = "Taken in the ledger before the platform is asked; what"
            + " was used already cannot be given back. Above the site's limit the refund is ASKED and waits for a second person.")
    Refund refund(@PathVariable long id, @RequestHeader("Idempotency-Key") @Pattern(regexp = KEY, message = "{valid.key}") String key,
                  Operator operator, @Valid @RequestBody Back back) {
        payment(id);
        return refunds.ask(key, id, back.amountYuan(), operator.name(), back.why());
    }

    @GetMapping("/sites/{site}/refunds")
    @Operation(summary = "A site's refunds, the newest first", description = "state=ASKED: those that wait for a second person.")
    List<Refund> refunds(@PathVariable int site, @RequestParam(required = false) Refund.State state,
                         @Parameter(description = "Refunds before this id") @RequestParam(required = false) Long before,
                         @RequestParam(defaultValue = "50") @Min(1) @Max(500) int limit) {
        return refunds.of(view.site(site).id(), state, before, limit);
    }

    @PostMapping(path = "/refunds/{id}/approve", consumes = MediaType.APPLICATION_JSON_VALUE)
    @Operation(summary = "The second person lets it go", description = "Not the one who asked for it, and signed in: a key vouches"
            + " for nobody.")
    Refund approve(@PathVariable long id, Operator operator, @Valid @RequestBody Decision said) {
        seenRefund(id);
        return refunds.approve(id, operator.name(), said.why());
    }

    @PostMapping(path = "/refunds/{id}/decline", consumes = MediaType.APPLICATION_JSON_VALUE)
    @Operation(summary = "The second person does not")
    Refund decline(@PathVariable long id, Operator operator, @Valid @RequestBody Decision said) {
        seenRefund(id);
        return refunds.decline(id, operator.name(), said.why());
    }

    private void seenRefund(long id) {
        refunds.refund(id).orElseThrow(() -> Refusal.notFound("refund", id));
    }

    @GetMapping("/sites/{site}/suspense")
    @Operation(summary = "Money that came and waits for a decision, the oldest first")
    List<Payment> suspense(@PathVariable int site) {
        return suspense.waiting(view.whole(site).id());
    }

    @PostMapping(path = "/payments/{id}/credit", consumes = MediaType.APPLICATION_JSON_VALUE)
    @Operation(summary = "What is in suspense becomes an account's credit")
    Payment credit(@PathVariable long id, Operator operator, @Valid @RequestBody Credit credit) {
        payment(id);
        return suspense.credit(id, credit.accountId(), operator.name(), credit.why());
    }

    @PostMapping(path = "/payments/{id}/give-back", consumes = MediaType.APPLICATION_JSON_VALUE)
    @Operation(summary = "What is in suspense goes back to its payer")
    Refund giveBack(@PathVariable long id, Operator operator, @Valid @RequestBody Decision said) {
        payment(id);
        return suspense.giveBack(id, operator.name(), said.why());
    }

    @PostMapping(path = "/payments/{id}/accept", consumes = MediaType.APPLICATION_JSON_VALUE)
    @Operation(summary = "What is in suspense is not the hub's, and leaves its books")
    Payment accept(@PathVariable long id, Operator operator, @Valid @RequestBody Decision said) {
        payment(id);
        return suspense.accept(id, operator.name(), said.why());
    }

    @GetMapping("/sites/{site}/contradictions")
    @Operation(summary = "What a platform says of payments and refunds that cannot be after what it said before", description = "Until somebody has dealt with"
            + " it. Nothing is booked for it by itself: what the bill of its day has otherwise is decided on in reconciliation.")
    List<Contradiction> contradictions(@PathVariable int site) {
        return contradictions.waiting(view.whole(site).id());
    }

    @PostMapping(path = "/contradictions/{id}/dealt-with", consumes = MediaType.APPLICATION_JSON_VALUE)
    @ResponseStatus(HttpStatus.NO_CONTENT)
    @Operation(summary = "Somebody has found out what is true and seen to the money")
    void dealt(@PathVariable long id, Operator operator, @Valid @RequestBody Decision said) {
        contradictions.find(id).orElseThrow(() -> Refusal.notFound("contradiction", id));
        contradictions.dealt(id, operator.name(), said.why());
    }

    @GetMapping("/sites/{site}/payment-terms")
    @Operation(summary = "How a site deals with payments")
    PayTerms terms(@PathVariable int site) {
        return terms.of(view.whole(site).id());
    }

    @PutMapping(path = "/sites/{site}/payment-terms", consumes = MediaType.APPLICATION_JSON_VALUE)
    @Operation(summary = "Sets it", description = "For what comes from then on; an order keeps the time that it was given.")
    PayTerms set(@PathVariable int site, Operator operator, @Valid @RequestBody NewTerms wish) {
        terms.set(view.whole(site).id(), wish.terms(), operator.name(), wish.why());
        return terms.of(site);
    }
}
