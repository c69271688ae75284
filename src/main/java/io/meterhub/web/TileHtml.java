package io.meterhub.web;

import io.meterhub.web.Board.Tile;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.springframework.stereotype.Component;
import org.springframework.web.servlet.resource.ResourceUrlProvider;
import org.thymeleaf.ITemplateEngine;
import org.thymeleaf.context.Context;

/** The tiles as HTML, each made once per language and change however many screens show it: they are nearly all of a board. */
@Component
class TileHtml {

    private final ITemplateEngine templates;
    private final ResourceUrlProvider urls;
    private final Map<Place, Made> made = new ConcurrentHashMap<>();

    TileHtml(ITemplateEngine templates, ResourceUrlProvider urls) {
        this.templates = templates;
        this.urls = urls;
    }

    private record Place(String tile, Locale locale) {
    }

    private record Made(Tile tile, String html) {
    }

    public String of(Tile tile, Locale locale) {
        Locale spoken = PageConfiguration.spoken(locale);
        return made.compute(new Place(tile.id(), spoken), (place, before) ->
                before != null && before.tile().equals(tile) ? before : new Made(tile, make(tile, spoken))).html();
    }

    private String make(Tile tile, Locale locale) {
        String icons = Optional.ofNullable(urls.getForLookupPath("/icons.svg")).orElse("/icons.svg");
        return templates.process("tile", new Context(locale, Map.of("tile", tile, "icons", icons)));
    }
}
