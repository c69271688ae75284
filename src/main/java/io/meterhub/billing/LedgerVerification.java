package io.meterhub.billing;

import io.meterhub.people.Rights;
import io.meterhub.runtime.DatabaseConfiguration;
import io.meterhub.runtime.StartRefused;
import io.meterhub.site.Sites;
import io.meterhub.site.Texts;
import java.io.PrintStream;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.autoconfigure.context.MessageSourceAutoConfiguration;
import org.springframework.boot.autoconfigure.jdbc.DataSourceAutoConfiguration;
import org.springframework.boot.autoconfigure.jdbc.DataSourceTransactionManagerAutoConfiguration;
import org.springframework.boot.autoconfigure.jdbc.JdbcClientAutoConfiguration;
import org.springframework.boot.autoconfigure.jdbc.JdbcTemplateAutoConfiguration;
import org.springframework.boot.autoconfigure.transaction.TransactionAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Import;
import org.springframework.core.env.SimpleCommandLinePropertySource;
import org.springframework.dao.DataAccessException;

/**
 * The command that verifies the books and does nothing else: it polls nothing, listens nowhere and changes nothing, not even the
 * schema. Asked for by {@code --meterhub.verify=ledger}, or {@code METERHUB_VERIFY=ledger}.
 */
@Import({DatabaseConfiguration.class, LedgerCheck.class, Seals.class, Rights.class, Sites.class, Texts.class})
@ImportAutoConfiguration({DataSourceAutoConfiguration.class, DataSourceTransactionManagerAutoConfiguration.class,
        JdbcTemplateAutoConfiguration.class, JdbcClientAutoConfiguration.class, TransactionAutoConfiguration.class,
        MessageSourceAutoConfiguration.class})
public class LedgerVerification {

    private static final String SETTING = "meterhub.verify";

    private LedgerVerification() {
    }

    /** Whether the command line, a system property or the environment asks for it rather than for the hub. */
    public static boolean isAsked(String... args) {
        return asked(args) != null;
    }

    private static String asked(String... args) {
        String argument = new SimpleCommandLinePropertySource(args).getProperty(SETTING);
        return argument != null ? argument : System.getProperty(SETTING, System.getenv("METERHUB_VERIFY"));
    }

    /**
     * Verifies chain, balances and sums of all sites and prints what it found.
     *
     * @return the exit code: 0 when the books hold, 1 when they do not or cannot be read
     */
    public static int run(PrintStream out, String... args) {
        if (!"ledger".equals(asked(args))) {
            System.err.println(SETTING + " can be ledger, not " + asked(args) + ".");
            return 1;
        }
        try (ConfigurableApplicationContext context = new SpringApplicationBuilder(LedgerVerification.class)
                .web(WebApplicationType.NONE).logStartupInfo(false).run(args)) {
            LedgerCheck.Report report = context.getBean(LedgerCheck.class).checkAtRest();
            print(out, report);
            return report.holds() ? 0 : 1;
        } catch (StartRefused refused) {
            // said by the failure reporter
            return 1;
        } catch (DataAccessException e) {
            System.err.println("The ledger cannot be read: " + e.getMostSpecificCause().getMessage());
            return 1;
        }
    }

    private static void print(PrintStream out, LedgerCheck.Report report) {
        out.printf("%d journals, debits %s, credits %s yuan; %d accounts, %d charge lines%n", report.journals(),
                report.debitsYuan().stripTrailingZeros().toPlainString(), report.creditsYuan().stripTrailingZeros().toPlainString(),
                report.accounts(), report.chargeLines());
        report.chains().forEach(chain -> out.printf("site %s: %d journals sealed, %d wait; last seal %s%n", chain.site(), chain.sealed(),
                chain.waiting(), chain.lastHash() == null ? "none" : chain.lastHash()));
        report.problems().forEach(out::println);
        out.println(report.holds() ? "The books hold." : "The books do not hold: " + report.problems().size() + " problems.");
    }
}
