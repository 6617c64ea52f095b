package dev.ridgeline.cli;

import dev.ridgeline.model.Parameters;
import dev.ridgeline.placement.IndexMatch;
import dev.ridgeline.placement.Layout;
import dev.ridgeline.placement.Part;
import dev.ridgeline.placement.Placement;
import dev.ridgeline.shard.ShardIndex;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;

/// Says what each device of many would hold of a model, and what a step would cost at least.
@Command(
        name = "plan",
        description = {
            "What each device would hold of a model, what would not fit, and the shortest time a"
                    + " step could take.",
            "Needs the model's shape alone: no weights, and none of the devices."
        },
        mixinStandardHelpOptions = true,
        sortOptions = false,
        footerHeading = "%nExamples:%n",
        footer = {
            "  ridgeline plan --model llama-70b --devices 8 --part h100 --tp 8",
            "  ridgeline plan --config config.json --index model.safetensors.index.json --devices"
                    + " 16",
            "  ridgeline plan --model moe-10t --devices 4096 --part gb300 --tp 8 --batch 4096"
        })
final class PlanCommand implements Callable<Integer> {
    @Spec private CommandSpec spec;
    @Mixin private ModelOptions models;

    @Option(
            names = "--index",
            paramLabel = "FILE",
            description = "The checkpoint's index: names and sizes are compared with the model's.")
    private Optional<Path> index;

    @Option(
            names = "--devices",
            paramLabel = "N",
            description = "Devices in all (default: as many as one copy needs).")
    private Optional<Integer> devices = Optional.empty();

    @Option(
            names = "--part",
            paramLabel = "NAME",
            description =
                    "What each device is: h100, h200, b200, gb300, ... (default:"
                            + " ${DEFAULT-VALUE}).")
    private String part = "h100";

    @Option(
            names = "--tp",
            paramLabel = "N",
            description = "Ranks that split every layer (default: ${DEFAULT-VALUE}).")
    private int tensor = 1;

    @Option(
            names = "--stages",
            paramLabel = "N",
            description = "Stages of whole layers (default: ${DEFAULT-VALUE}).")
    private int stages = 1;

    @Option(
            names = "--zero",
            paramLabel = "0-3",
            description =
                    "What copies share: 1 the optimizer's state, 2 gradients too, 3 weights too"
                            + " (default: ${DEFAULT-VALUE}).")
    private int zero = 3;

    @Option(
            names = "--batch",
            paramLabel = "N",
            description = "Sequences of a step, on all devices (default: one for each copy).")
    private Optional<Integer> batch = Optional.empty();

    @Option(
            names = "--seq",
            paramLabel = "N",
            description = "Tokens of a sequence (default: ${DEFAULT-VALUE}).")
    private int sequence = 4096;

    @Option(
            names = "--reserve",
            paramLabel = "SIZE",
            converter = ByteSize.Converter.class,
            description =
                    "Of each device, kept for activations, workspace and context: 8GiB or 10%%"
                            + " (default: 10%%).")
    private ByteSize reserve = new ByteSize(10, true);

    @Override
    public Integer call() {
        var named = models.model("gpt2-124m");
        var config = named.config();
        var device = Part.of(part);
        if (sequence < 1 || batch.orElse(1) < 1)
            throw Fault.usage("--batch and --seq are at least 1");
        long usable = device.capacity() - reserve.of(device.capacity());
        if (usable <= 0) throw Fault.usage("--reserve leaves nothing of the %s", device.name());
        int least = Math.multiplyExact(tensor, stages);
        var layout = new Layout(devices.orElse(least), tensor, stages, zero);
        var placement = Placement.of(config, layout);
        var match =
                index.map(
                        file ->
                                IndexMatch.of(
                                        Parameters.of(config),
                                        config.stored().bytes(),
                                        ShardIndex.read(file)));
        var text =
                new PlanText(
                        named.name(),
                        placement,
                        device,
                        reserve,
                        batch.orElse(layout.data()),
                        sequence);
        var out = spec.commandLine().getOut();
        out.print(text.of(match));
        out.flush();
        return Exit.OK;
    }
}
