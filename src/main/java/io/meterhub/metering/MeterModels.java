package io.meterhub.metering;

import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.stereotype.Component;

/** The meter models of {@code meterhub.metering.models}, read and checked once at the start. */
@Component
public class MeterModels {

    private final Map<String, MeterModel> models;

    /**
     * @param folders folders with {@code *.yaml} files, all of them read
     * @throws BadMeterModel when a file cannot be used, or a folder is not there
     */
    @Autowired
    public MeterModels(@Value("${meterhub.metering.models:config/meters}") String[] folders) {
        // a List<Path> would be taken for one path with a comma in it
        this(Stream.of(folders).map(String::strip).map(Path::of).toList());
    }

    MeterModels(List<Path> folders) {
        this.models = MeterModelFiles.read(folders);
    }

    /** @param name null: nothing, as of a meter that is read by hand */
    public Optional<MeterModel> find(String name) {
        return Optional.ofNullable(name).map(models::get);
    }

    /** @throws IllegalArgumentException when there is no such model */
    public MeterModel model(String name) {
        return find(name).orElseThrow(() -> new IllegalArgumentException(
                "No meter model is called " + name + "; there are " + String.join(", ", models.keySet())));
    }

    /** The names of those that can do it, as the database takes them. */
    public String[] able(MeterModel.Operation operation) {
        return models.values().stream().filter(model -> model.can(operation)).map(MeterModel::name).toArray(String[]::new);
    }

    /** All models in the order of their names. */
    public Collection<MeterModel> all() {
        return models.values();
    }
}
