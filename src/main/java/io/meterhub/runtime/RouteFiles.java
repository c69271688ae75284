package io.meterhub.runtime;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.springframework.core.env.Environment;

/**
 * Looks at every file of the routes folder before Camel does: that it is YAML, that it follows the schema of the YAML DSL
 * (which Camel itself does not hold it to: it passes over words it does not know), that no two routes share an id, and
 * that no file is named so that Camel would leave it out. Likewise at its folder of Kamelets, and that each one that is named is there.
 */
class RouteFiles {

    private static final String SUFFIX = ".camel.yaml";
    private static final String KAMELET = ".kamelet.yaml";
    /** What a Kamelet calls the route around it. */
    private static final Set<String> WITHIN = Set.of("source", "sink");
    private static final Pattern NAMED = Pattern.compile("kamelet:/*([^/?{}]+).*");

    private final ObjectMapper yaml = new ObjectMapper(new YAMLFactory());
    private final JsonSchema schema;

    RouteFiles() {
        try (InputStream json = getClass().getResourceAsStream("/schema/camelYamlDsl.json")) {
            schema = JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V7).getSchema(json);
        } catch (IOException e) {
            throw new IllegalStateException("camel-yaml-dsl no longer carries schema/camelYamlDsl.json", e);
        }
    }

    static Path folder(Environment environment) {
        return Path.of(environment.getProperty("meterhub.routes.folder", "routes"));
    }

    /**
     * Checks all files of the folder. Throws {@link StartRefused} with every mistake, each with its file and reason.
     *
     * @return the routes' ids, each with its file
     */
    Map<String, Path> check(Path folder) {
        List<String> mistakes = new ArrayList<>();
        Map<String, Path> owners = new HashMap<>();
        List<Path> files = list(folder);
        Set<String> kamelets = new HashSet<>();
        Map<Path, JsonNode> read = new LinkedHashMap<>();
        Path kameletFolder = folder.resolve("kamelets");
        for (Path file : Files.isDirectory(kameletFolder) ? list(kameletFolder) : List.<Path>of()) {
            checkKamelet(file, kamelets, read, mistakes);
        }
        for (Path file : files) {
            checkOne(file, owners, read, mistakes);
        }
        read.forEach((file, content) -> named(content).filter(name -> !WITHIN.contains(name) && !kamelets.contains(name)).distinct()
                .forEach(name -> mistakes.add(file + ": there is no Kamelet " + name + ", which would be "
                        + kameletFolder.resolve(name + KAMELET))));
        if (files.isEmpty()) {
            mistakes.add(folder.toAbsolutePath() + ": no route file (*" + SUFFIX + ") is there, the hub would do nothing");
        }
        if (!mistakes.isEmpty()) {
            throw new StartRefused("The routes cannot be used:\n  " + String.join("\n  ", mistakes));
        }
        return owners;
    }

    private static List<Path> list(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(Files::isRegularFile).filter(file -> !file.getFileName().toString().startsWith(".")).sorted().toList();
        } catch (IOException e) {
            throw new StartRefused("The routes folder " + folder.toAbsolutePath() + " cannot be read: start the hub in the"
                    + " folder that holds routes/, or set meterhub.routes.folder.", e);
        }
    }

    private void checkOne(Path file, Map<String, Path> owners, Map<Path, JsonNode> read, List<String> mistakes) {
        String name = file.getFileName().toString();
        if (!name.endsWith(SUFFIX) || name.indexOf('.') != name.length() - SUFFIX.length()) {
            mistakes.add(file + ": a route file is named <flow>" + SUFFIX + ", without another dot");
            return;
        }
        read(file, mistakes).ifPresent(routes -> {
            follow(file, routes, mistakes);
            for (JsonNode route : routes.findValues("route")) {
                checkId(file, route.path("id").asText(""), owners, mistakes);
            }
            read.put(file, routes);
        });
    }

    private void checkKamelet(Path file, Set<String> kamelets, Map<Path, JsonNode> read, List<String> mistakes) {
        String name = file.getFileName().toString();
        if (!name.endsWith(KAMELET) || name.indexOf('.') != name.length() - KAMELET.length()) {
            mistakes.add(file + ": a Kamelet's file is named <name>" + KAMELET + ", without another dot");
            return;
        }
        String kamelet = name.substring(0, name.length() - KAMELET.length());
        kamelets.add(kamelet);
        read(file, mistakes).ifPresent(content -> {
            if (!content.path("kind").asText().equals("Kamelet")) {
                mistakes.add(file + ": kind must be Kamelet");
            } else if (!content.at("/metadata/name").asText().equals(kamelet)) {
                mistakes.add(file + ": metadata.name must be " + kamelet + ", as the file is named");
            } else if (content.at("/spec/template/from").isMissingNode()) {
                mistakes.add(file + ": spec.template.from is missing");
            } else {
                ArrayNode route = yaml.createArrayNode();
                route.addObject().set("from", content.at("/spec/template/from"));
                follow(file, route, mistakes);
                read.put(file, content);
            }
        });
    }

    private Optional<JsonNode> read(Path file, List<String> mistakes) {
        try {
            return Optional.of(yaml.readTree(file.toFile()));
        } catch (JsonProcessingException e) {
            mistakes.add(file + " line " + (e.getLocation() == null ? "?" : e.getLocation().getLineNr()) + ": not YAML, "
                    + e.getOriginalMessage());
        } catch (IOException e) {
            mistakes.add(file + ": cannot be read (" + e + ")");
        }
        return Optional.empty();
    }

    private void follow(Path file, JsonNode routes, List<String> mistakes) {
        schema.validate(routes).stream().filter(message -> !isPlaceholder(message.getInstanceNode()))
                .map(message -> file + ": " + message.getMessage()).distinct().forEach(mistakes::add);
    }

    /** The Kamelets that are named in what was read. */
    private static Stream<String> named(JsonNode content) {
        return Stream.concat(content.findValues("uri").stream().map(uri -> NAMED.matcher(uri.asText())).filter(Matcher::matches).map(uri -> uri.group(1)),
                content.findValues("kamelet").stream().map(step -> (step.isTextual() ? step : step.path("name")).asText().split("[/?]")[0]));
    }

    /** {@code {{meterhub.poll.enabled}}} stands for a value that the schema would want to be a number or a boolean. */
    private static boolean isPlaceholder(JsonNode value) {
        return value != null && value.isTextual() && value.asText().matches("\\{\\{.+}}");
    }

    private static void checkId(Path file, String id, Map<String, Path> owners, List<String> mistakes) {
        if (id.isEmpty()) {
            mistakes.add(file + ": a route has no id");
        } else if (owners.putIfAbsent(id, file) != null) {
            mistakes.add(file + ": the route id " + id + " is taken by " + owners.get(id));
        }
    }
}
