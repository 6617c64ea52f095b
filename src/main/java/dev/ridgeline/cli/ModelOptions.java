package dev.ridgeline.cli;

import dev.ridgeline.model.Config;
import dev.ridgeline.model.ConfigFile;
import dev.ridgeline.model.Presets;

import picocli.CommandLine.Option;

import java.nio.file.Path;
import java.util.Optional;

/// Which model.
final class ModelOptions {
    @Option(
            names = "--model",
            paramLabel = "NAME",
            description = "A model by name: gpt2-124m, llama-8b, ...")
    private Optional<String> model;

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "A model by the config.json of a public hub.")
    private Optional<Path> file;

    /// @return the model and a name for it
    Named model(String otherwise) {
        if (model.isPresent() && file.isPresent())
            throw Fault.usage("--model and --config both name a model");
        return file.map(f -> new Named(f.toString(), ConfigFile.read(f)))
                .orElseGet(
                        () -> {
                            var name = model.orElse(otherwise);
                            return new Named(name, Presets.of(name));
                        });
    }

    boolean given() {
        return model.isPresent() || file.isPresent();
    }

    record Named(String name, Config config) {}
}
