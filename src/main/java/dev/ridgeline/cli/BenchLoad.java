package dev.ridgeline.cli;

import dev.ridgeline.hardware.HostRecord;
import dev.ridgeline.load.LoadPlan;
import dev.ridgeline.load.Loader;
import dev.ridgeline.load.Synthetic;
import dev.ridgeline.report.Format;
import dev.ridgeline.report.Output;
import dev.ridgeline.report.ResultFile;
import dev.ridgeline.report.Si;
import dev.ridgeline.shard.Access;
import dev.ridgeline.shard.Checkpoint;
import dev.ridgeline.shard.PageCache;
import dev.ridgeline.shard.StoredType;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;

/// Times the loading of a checkpoint.
@Command(
        name = "load",
        description = {
            "Loading a checkpoint into a device: each stage and the whole, beside the disk, memory"
                    + " copies and the link, measured in the same run.",
            "Warm means that the page cache has the files, cold that it has nothing of them; both"
                    + " are checked. What arrived is compared with the files."
        },
        mixinStandardHelpOptions = true,
        sortOptions = false,
        footerHeading = "%nExamples:%n",
        footer = {
            "  ridgeline bench load --checkpoint made --make 4GiB --model llama-8b",
            "  ridgeline bench load --checkpoint made --access direct --device cuda:0"
        })
final class BenchLoad implements Callable<Integer> {
    private static final long MOST_SHARD_BYTES = 5_000_000_000L;

    @Spec private CommandSpec spec;
    @ParentCommand private Bench bench;
    @Mixin private ModelOptions models;

    @Option(
            names = "--checkpoint",
            required = true,
            paramLabel = "PATH",
            description = "A safetensors file, an index, or a folder that has either.")
    private Path checkpoint;

    @Option(
            names = "--make",
            paramLabel = "SIZE",
            converter = ByteSize.Converter.class,
            description =
                    "Writes such a checkpoint there first, of the first tensors of --model"
                            + " (default: llama-8b).")
    private Optional<ByteSize> make;

    @Option(
            names = "--access",
            paramLabel = "HOW",
            description =
                    "buffered (by the page cache), mapped (seen as memory) or direct (O_DIRECT,"
                            + " past the page cache; default: ${DEFAULT-VALUE}).")
    private Access access = Access.BUFFERED;

    @Option(
            names = "--cast",
            paramLabel = "TYPE",
            description = "What floating-point tensors become on the way: bf16 or f32.")
    private Optional<String> cast;

    @Option(
            names = "--readers",
            paramLabel = "N",
            description = "Threads that read, of each rank (default: the machine's cores).")
    private Optional<Integer> readers;

    @Option(
            names = "--block",
            paramLabel = "SIZE",
            converter = ByteSize.Converter.class,
            description = "Read at once, a multiple of 64KiB (default: 8MiB).")
    private ByteSize block = new ByteSize(8 << 20, false);

    @Option(
            names = "--places",
            paramLabel = "N",
            description = "Of the ring, for each reader (default: ${DEFAULT-VALUE}).")
    private int places = 4;

    @Option(
            names = "--ring",
            description = "By the ring also where blocks can be read to where they stay.")
    private boolean ring;

    @Option(
            names = "--ranks",
            paramLabel = "N",
            description =
                    "Parts of a CPU's memory that each read a share and gather the rest from the"
                            + " others (default: 1; of GPUs, each is one).")
    private int ranks = 1;

    @Override
    public Integer call() {
        var host = HostRecord.read();
        try (var sites = bench.open(host)) {
            if (!bench.dryRun()) sites.requireTimed();
            if (ranks < 1 || (ranks > 1 && sites.gpus()))
                throw Fault.usage("--ranks is for the CPU, and at least 1");
            PageCache.absence()
                    .ifPresent(
                            reason -> {
                                throw Fault.environment("%s", reason);
                            });
            var options = options(host);
            var target = cast.map(BenchLoad::type);
            if (make.isPresent()) make(make.get());
            try (var opened = Checkpoint.open(checkpoint)) {
                var plan = LoadPlan.whole(opened, target);
                var run = new LoadRun(sites.asked(), ranks, plan, options, bench.protocol());
                var text = new LoadText(opened, run);
                if (!bench.dryRun()) return measure(host, run, text);
                print(text.heading());
                return Exit.OK;
            }
        }
    }

    private Loader.Options options(HostRecord host) {
        try {
            return new Loader.Options(
                    access,
                    readers.orElse(host.processor().allowedCores()),
                    block.share() ? 0 : (long) block.value(),
                    places,
                    !ring);
        } catch (IllegalArgumentException e) {
            throw Fault.usage("%s", e.getMessage());
        }
    }

    private void make(ByteSize size) {
        if (size.share()) throw Fault.usage("--make: an amount, such as 4GiB");
        long bytes = size.of(0);
        long free = free(checkpoint.toAbsolutePath());
        if (bytes > free)
            throw Fault.environment(
                    "--make %s: the disk has %s free", Si.binaryBytes(bytes), Si.binaryBytes(free));
        Synthetic.write(checkpoint, models.model("llama-8b").config(), bytes, MOST_SHARD_BYTES);
    }

    /// Bytes on the disk that will have a path.
    private static long free(Path path) {
        var there = path;
        while (!Files.exists(there)) there = there.getParent();
        try {
            return Files.getFileStore(there).getUsableSpace();
        } catch (IOException e) {
            throw Fault.usage("%s: cannot be written: %s", path, e.getMessage());
        }
    }

    private static StoredType type(String name) {
        return switch (name.toLowerCase(Locale.ROOT)) {
            case "bf16" -> StoredType.BF16;
            case "f32" -> StoredType.F32;
            default -> throw Fault.usage("--cast %s: there is bf16 and f32", name);
        };
    }

    private int measure(HostRecord host, LoadRun run, LoadText text) {
        var outputs = bench.outputs().open(spec.commandLine().getOut());
        var states = new ArrayList<LoadRun.Outcome>();
        // what is past the page cache is never warm
        if (access != Access.DIRECT) states.add(run.warm());
        states.add(run.cold());
        var file =
                new ResultFile(
                        ResultFile.SCHEMA,
                        Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(),
                        List.copyOf(spec.commandLine().getParseResult().originalArgs()),
                        Version.BUILD,
                        Descriptions.of(host),
                        run.sites().stream().map(Descriptions::of).toList(),
                        bench.protocol(),
                        states.stream().flatMap(s -> LoadRows.ceilings(run, s).stream()).toList(),
                        states.stream().flatMap(s -> LoadRows.rows(run, s).stream()).toList(),
                        true);
        outputs.forEach((format, output) -> output.write(format.of(file)));
        if (!bench.quiet() && !(outputs.get(Format.JSON) instanceof Output.Stdout)) {
            var all = new StringBuilder(text.heading());
            states.forEach(s -> all.append(text.of(s)));
            print(all.toString());
        }
        return states.stream().allMatch(s -> s.arrival().whole()) ? Exit.OK : Exit.WRONG;
    }

    private void print(String text) {
        var out = spec.commandLine().getOut();
        out.print(text);
        out.flush();
    }
}
