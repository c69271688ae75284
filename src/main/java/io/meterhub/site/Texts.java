package io.meterhub.site;

import java.util.Locale;
import org.springframework.context.MessageSource;
import org.springframework.context.MessageSourceResolvable;
import org.springframework.context.i18n.LocaleContext;
import org.springframework.context.i18n.LocaleContextHolder;
import org.springframework.context.support.DefaultMessageSourceResolvable;
import org.springframework.context.support.ResourceBundleMessageSource;
import org.springframework.stereotype.Component;

/** What the hub says to people, from the message bundles: in the language of the request, English where there is none. */
@Component
public class Texts {

    private static final ResourceBundleMessageSource ENGLISH = new ResourceBundleMessageSource();

    static {
        ENGLISH.setBasename("messages");
        // not that of whichever thread comes first
        ENGLISH.setBundleClassLoader(Texts.class.getClassLoader());
        ENGLISH.setDefaultEncoding("UTF-8");
        ENGLISH.setFallbackToSystemLocale(false);
    }

    private final MessageSource messages;

    Texts(MessageSource messages) {
        this.messages = messages;
    }

    /** @param words for {0}, {1} and so on; a number is given as text unless it is to be grouped */
    public String of(String key, Object... words) {
        return messages.getMessage(key, words, asked());
    }

    /** What the bundles say, or this where they say nothing. */
    public String orElse(String key, String otherwise) {
        return messages.getMessage(key, null, otherwise, asked());
    }

    private static Locale asked() {
        LocaleContext request = LocaleContextHolder.getLocaleContext();
        Locale asked = request == null ? null : request.getLocale();
        return asked == null ? Locale.ENGLISH : asked;
    }

    /** In a language that is not the request's: a paper in several languages. */
    public String in(Locale language, String key, Object... words) {
        return messages.getMessage(key, words, language);
    }

    /** In English, where nothing of the hub is there yet: what is wrong with a file at its start. */
    public static String english(String key, Object... words) {
        return ENGLISH.getMessage(key, words, Locale.ENGLISH);
    }

    /** A word of a text that is itself in the bundles. */
    public static MessageSourceResolvable word(String key, Object... words) {
        return new DefaultMessageSourceResolvable(new String[]{key}, words);
    }
}
