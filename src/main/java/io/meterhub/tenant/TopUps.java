package io.meterhub.tenant;

import io.meterhub.billing.AccountKind;
import io.meterhub.billing.Accounts;
import io.meterhub.billing.Receipt;
import io.meterhub.payment.Channel;
import io.meterhub.payment.Order;
import io.meterhub.payment.OrderState;
import io.meterhub.payment.OrderWish;
import io.meterhub.payment.Orders;
import io.meterhub.payment.PayTerms;
import io.meterhub.payment.PaymentRefused;
import io.meterhub.payment.Progress;
import io.meterhub.payment.SitePayTerms;
import io.meterhub.payment.Way;
import io.meterhub.people.Rights;
import io.meterhub.people.SignIn;
import io.meterhub.site.Site;
import io.meterhub.site.Sites;
import io.meterhub.site.Texts;
import java.math.BigDecimal;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/**
 * Opens orders for those who are none of the staff: a customer for an own account, a stranger for an account of the shop whose sticker was scanned. Looks
 * itself whether that is so, and does it as the hub then. How many may be opened in an hour is limited by shop, and by address for those who are not signed in;
 * what is refused without a platform being asked counts for nobody.
 */
@Component
public class TopUps {

    /** What a meter that answers has come on in, ten times over. */
    private static final Duration USUAL = Duration.ofSeconds(30);
    private static final Duration FOLLOWED_FOR = Duration.ofHours(1);

    private final OwnShops own;
    private final Stickers stickers;
    private final HourlyLimits limits;
    private final TenantSettings settings;
    private final Orders orders;
    private final Outlooks outlooks;
    private final SitePayTerms terms;
    private final Accounts accounts;
    private final Sites sites;
    private final JdbcClient jdbc;
    private final Rights rights;
    private final Texts texts;
    private final Clock clock;

    TopUps(OwnShops own, Stickers stickers, HourlyLimits limits, TenantSettings settings, Orders orders, Outlooks outlooks, SitePayTerms terms,
           Accounts accounts, Sites sites, JdbcClient jdbc, Rights rights, Texts texts, Clock clock) {
        this.own = own;
        this.stickers = stickers;
        this.limits = limits;
        this.settings = settings;
        this.orders = orders;
        this.outlooks = outlooks;
        this.terms = terms;
        this.accounts = accounts;
        this.sites = sites;
        this.jdbc = jdbc;
        this.rights = rights;
        this.texts = texts;
        this.clock = clock;
    }

    /**
     * What is to be paid.
     *
     * @param key      the same again is the same order
     * @param openId   in WeChat's browser; else null
     * @param address  the payer's
     * @param returnTo where the platform sends the browser; {@code {number}} stands for the order's number
     */
    public record Wish(String key, int accountId, BigDecimal amountYuan, Way way, String openId, String address, String returnTo) {
    }

    /** Empty: the account is not the customer's. */
    public Optional<Order> open(Tenant tenant, Wish wish) {
        return own.shop(tenant, wish.accountId()).map(shop -> open(tenant.toString(), wish,
                () -> limits.take("orders for its tenants " + shop.site().id() + " " + shop.code(), settings.ordersPerShop())));
    }

    /** Empty: the sticker leads to no such account. */
    public Optional<Order> open(String sticker, Wish wish) {
        return stickers.scan(sticker).filter(scanned -> scanned.targets().stream().anyMatch(target -> target.accountId() == wish.accountId()))
                .map(scanned -> open("sticker " + scanned.shop(), wish,
                        () -> limits.take("orders from " + SignIn.network(wish.address()), settings.ordersPerAddress())
                                && limits.take("orders for whoever scans " + scanned.site().id() + " " + scanned.shop(), settings.ordersPerShop())));
    }

    /**
     * An order as its payer follows it: whoever knows its number, which nobody guesses.
     *
     * @param shop     its code and name
     * @param credited something of what came for it is credit of its account, and nobody can pay it any more
     * @param outlook  only from then on, and as long as somebody is expected to look: whether a shop is cut is no stranger's to know
     * @param left     nobody is expected to look any more
     */
    public record Followed(Progress progress, Site site, String shop, AccountKind kind, boolean credited, Outlook outlook, boolean left) {

        /** It will not change any more, as far as anybody knows, or nobody waits for it. */
        public boolean isOver() {
            return left || switch (progress.order().state()) {
                case CREATED, PAYING, PAID, LATE_PAID, REFUNDING -> false;
                case CREDITED, CLOSED, REFUNDED, SUSPENSE -> !outlook.isWaiting();
            };
        }

        /** It may take long: to look now and then is enough. */
        public boolean isSlow() {
            return outlook == Outlook.SILENT || outlook == Outlook.SLOW;
        }
    }

    /** @param back the payer comes from the cashier: the platform is asked at once */
    public Optional<Followed> follow(Channel channel, String number, boolean back) {
        record Place(int siteId, String shop, AccountKind kind) {
        }
        if (back) {
            orders.hurry(channel, number);
        }
        return rights.asHub(() -> orders.progress(channel, number)).map(progress -> {
            Order order = progress.order();
            Place place = jdbc.sql("select s.site_id, s.code || ' ' || s.name as shop, a.kind from account a join shop s on s.id = a.shop_id where a.id = ?")
                    .param(order.accountId()).query(Place.class).single();
            Instant now = clock.instant();
            boolean credited = !order.state().isOpen() && progress.creditedYuan().signum() > 0;
            boolean left = now.isAfter(order.expiresAt().plus(FOLLOWED_FOR));
            return new Followed(progress, sites.site(place.siteId()), place.shop(), place.kind(), credited, !credited || left ? Outlook.NONE
                    : outlooks.of(order.accountId(), progress.power(), () -> creditedBefore(order, now.minus(USUAL))), left);
        });
    }

    private boolean creditedBefore(Order order, Instant then) {
        return orders.steps(order.id()).stream().anyMatch(step -> step.to() == OrderState.CREDITED && step.at().isBefore(then));
    }

    /** The receipt of an order that was credited, for its payer. */
    public Optional<Receipt> receipt(Channel channel, String number) {
        return rights.asHub(() -> orders.progress(channel, number)).filter(progress -> progress.receipt() != null)
                .flatMap(progress -> accounts.receipt(progress.order().accountId(), progress.receipt()));
    }

    /** How much may be paid at a site. */
    public PayTerms terms(int siteId) {
        return terms.of(siteId);
    }

    /** The ways that lead to a cashier now. */
    public List<Way> ways() {
        return orders.ways();
    }

    private Order open(String who, Wish wish, BooleanSupplier within) {
        return rights.asHub(() -> orders.open(new OrderWish("my-" + wish.key(), wish.accountId(), wish.way(), wish.amountYuan(), who, wish.openId(),
                wish.address(), wish.returnTo()), () -> {
            if (!within.getAsBoolean()) {
                throw new PaymentRefused("key", texts.of("my.too_many_orders"));
            }
        }));
    }
}
