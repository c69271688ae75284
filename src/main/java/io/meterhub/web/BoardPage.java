package io.meterhub.web;

import io.meterhub.site.Site;
import io.meterhub.supply.MassCuts;
import jakarta.servlet.http.HttpServletResponse;
import java.util.List;
import java.util.Optional;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestParam;

/** The live board. A screen that looks at it asks every few seconds for what changed since its last answer. */
@Controller
class BoardPage {

    private final Boards boards;
    private final TileHtml tileHtml;
    private final Feed feed;
    private final AlarmList alarms;
    private final MassCuts massCuts;
    private final View view;

    BoardPage(Boards boards, TileHtml tileHtml, Feed feed, AlarmList alarms, MassCuts massCuts, View view) {
        this.massCuts = massCuts;
        this.tileHtml = tileHtml;
        this.boards = boards;
        this.feed = feed;
        this.alarms = alarms;
        this.view = view;
    }

    @GetMapping("/")
    String board(@RequestParam Optional<String> site, Model model) {
        List<Site> all = view.sites();
        model.addAttribute("sites", all);
        Optional<Site> shown = site.isPresent()
                ? all.stream().filter(candidate -> candidate.code().equals(site.get())).findFirst()
                : all.stream().findFirst();
        if (shown.isEmpty()) {
            return "no-site";
        }
        fill(model, boards.of(shown.get()));
        return "board";
    }

    /**
     * What changed: only tiles that differ, the totals, and the feed.
     *
     * @param since the version of the board that the screen shows
     */
    @GetMapping("/board/changes")
    String changes(@RequestParam int site, @RequestParam long since, @RequestParam int layout, Model model,
                   HttpServletResponse response) {
        Board board = boards.of(view.site(site));
        if (board.layout() != layout) {
            response.setHeader("HX-Refresh", "true");
        }
        fill(model, board);
        // a version that this process never gave: it was started anew, so that everything may have changed
        model.addAttribute("tiles", since > board.version() ? board.tiles() : board.since(since));
        return "board-changes";
    }

    private void fill(Model model, Board board) {
        model.addAttribute("board", board);
        model.addAttribute("totals", board.totals());
        model.addAttribute("site", board.site());
        model.addAttribute("tileHtml", tileHtml);
        model.addAttribute("alarmCount", alarms.count(board.site().id()));
        model.addAttribute("waiting", view.sees(board.site().id()) ? massCuts.waiting(board.site().id()) : 0);
        model.addAttribute("feed", feed.of(board.site()));
    }
}
