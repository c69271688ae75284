package io.meterhub.web;

import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestParam;

/** Where whoever is not known yet is sent. What the form sends is taken by Spring Security, see Entrance. */
@Controller
class SignInPage {

    @GetMapping(Entrance.SIGN_IN)
    String page(@RequestParam(required = false) String wrong, @RequestParam(required = false) Integer locked,
                @RequestParam(required = false) String out, @RequestParam(required = false) String again,
                @RequestParam(required = false) String changed, @RequestParam(required = false) String ended,
                Model model) {
        model.addAttribute("locked", locked);
        model.addAttribute("told", locked != null ? "locked" : wrong != null ? "wrong" : again != null ? "again"
                : changed != null ? "changed" : out != null ? "out" : ended != null ? "ended" : null);
        return "login";
    }
}
