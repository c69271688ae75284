package io.meterhub.web;

import org.junit.jupiter.api.extension.RegisterExtension;

/** What every test in a browser begins with: the hub, and a Chromium before it. Skipped where there is none. */
abstract class OnScreen extends OverHttp {

    @RegisterExtension
    static final Screens screens = new Screens();
}
