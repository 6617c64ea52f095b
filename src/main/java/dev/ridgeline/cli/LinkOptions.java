package dev.ridgeline.cli;

import dev.ridgeline.device.Device;
import dev.ridgeline.device.Link;
import dev.ridgeline.device.Offload;

import picocli.CommandLine.Option;

import java.nio.file.Path;
import java.util.Optional;

/// Where what does not fit on a device is kept, and how fast the way there is.
final class LinkOptions {
    @Option(
            names = "--link",
            paramLabel = "SPEED",
            converter = LinkSpeed.Converter.class,
            description = "Copies no faster than this, to stand for another machine: 55GB/s.")
    private Optional<LinkSpeed> link;

    @Option(
            names = "--offload",
            paramLabel = "FOLDER",
            description =
                    "Keeps what does not fit in files there, seen as memory by the page cache, and"
                            + " not in the host's memory (of a CPU).")
    private Optional<Path> folder;

    Link open(Device device) {
        try {
            return device.link(
                    folder.<Offload>map(Offload.Folder::new).orElseGet(Offload.Host::new),
                    link.map(LinkSpeed::bytesPerSecond).orElse(Double.POSITIVE_INFINITY));
        } catch (UnsupportedOperationException e) {
            throw Fault.usage("%s", e.getMessage());
        }
    }
}
