package io.meterhub.billing;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import io.meterhub.site.EnergyKind;
import java.io.IOException;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** A file of tariff versions, the same for every site. */
record TariffFile(Path path, List<Version> versions) {

    private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory()).registerModule(new JavaTimeModule())
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES);

    private record Content(List<Version> tariffs) {
    }

    /** A tariff and one version of it. */
    record Version(String code, String name, EnergyKind energyKind, LocalDate effectiveFrom,
                   List<TariffRule.Price> prices, List<TariffRule.Day> calendar, TariffRule.Floating floating,
                   TariffRule.Tiers tiers) {

        TariffRule rule() {
            return new TariffRule(prices, calendar, floating, tiers);
        }
    }

    /** @throws TariffFileRefused with the file, the place and what is allowed */
    static TariffFile read(Path path) {
        try {
            Content content = YAML.readValue(path.toFile(), Content.class);
            List<Version> versions = content == null || content.tariffs() == null ? List.of() : content.tariffs();
            Set<String> seen = new HashSet<>();
            for (Version version : versions) {
                problem(version).ifPresent(problem -> {
                    throw refused(path, version, problem, null);
                });
                if (!seen.add(version.code() + " " + version.effectiveFrom())) {
                    throw refused(path, version, "there are two versions of this date", null);
                }
            }
            return new TariffFile(path, versions);
        } catch (JsonProcessingException e) {
            throw new TariffFileRefused("The tariff file " + path + " cannot be read"
                    + (e.getLocation() == null ? "" : ", line " + e.getLocation().getLineNr()) + ": " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new TariffFileRefused("The tariff file " + path + " cannot be read (" + e
                    + "): set meterhub.billing.tariffs to one that can, or to nothing", e);
        }
    }

    static TariffFileRefused refused(Path path, Version version, String problem, Throwable cause) {
        return new TariffFileRefused("The tariff file " + path + " is refused: tariff " + version.code() + " from "
                + version.effectiveFrom() + ": " + problem, cause);
    }

    private static Optional<String> problem(Version version) {
        return Tariffs.problem(version.code(), version.name(), version.energyKind(), version.effectiveFrom(), version.rule())
                .map(TariffRule.Problem::toString);
    }
}
