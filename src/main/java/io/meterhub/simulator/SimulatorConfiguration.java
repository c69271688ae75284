package io.meterhub.simulator;

import io.meterhub.runtime.DataFolder;
import io.meterhub.runtime.StartRefused;
import io.meterhub.site.SiteFile;
import java.nio.file.Path;
import java.time.Clock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The virtual mall within a hub, where {@code meterhub.simulator.enabled} is set. */
@Configuration(proxyBeanMethods = false)
@ConditionalOnProperty("meterhub.simulator.enabled")
@EnableConfigurationProperties(SimulatorSettings.class)
class SimulatorConfiguration {

    private static final Logger log = LoggerFactory.getLogger(SimulatorConfiguration.class);

    /** Started as it is made, and closed after all that polls it, which is made and started later. */
    @Bean
    VirtualMall virtualMall(SimulatorSettings settings, @Value("${meterhub.site.import:}") String imported, DataFolder folder,
                            Clock clock) {
        VirtualMall mall = VirtualMall.of(SiteFile.read(sheet(settings, imported)))
                .state(folder.resolve("mall").resolve("meters.state"))
                .loads(settings.loads()).clock(clock).pace(settings.pace()).loadFactor(settings.loadFactor())
                .gatewayDelay(settings.gatewayDelay()).turnaround(settings.turnaround()).silence(settings.silence())
                .connections(settings.connections()).start();
        log.info("The virtual mall plays {} gateways with {} meters on loopback, at {} of the time a bus takes",
                mall.gateways().size(), mall.sheet().meters().size(), settings.pace());
        return mall;
    }

    private static Path sheet(SimulatorSettings settings, String imported) {
        if (settings.sheet() != null && !settings.sheet().toString().isBlank()) {
            return settings.sheet();
        }
        if (imported.isBlank()) {
            throw new StartRefused("The virtual mall has no site to play: set meterhub.simulator.sheet, or meterhub.site.import,"
                    + " to an XLS or XLSX file.");
        }
        return Path.of(imported.strip());
    }
}
