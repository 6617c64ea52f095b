package dev.ridgeline.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;

import dev.ridgeline.cpu.CpuDevice;
import dev.ridgeline.cuda.Cuda;
import dev.ridgeline.cuda.CudaDevice;
import dev.ridgeline.hardware.HostRecord;
import dev.ridgeline.measure.Site;
import dev.ridgeline.report.ResultFile.DeviceRecord;
import dev.ridgeline.report.Si;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/// Machines and devices, as results and people have them.
final class Descriptions {
    private static final JsonMapper MAPPER =
            JsonMapper.builder().addModule(new Jdk8Module()).build();

    private Descriptions() {}

    /// Every fact by its path: `processor.model`. What is not known is left out.
    static Map<String, Object> of(HostRecord host) {
        var facts = new LinkedHashMap<String, Object>();
        collect("", MAPPER.valueToTree(host), facts);
        return facts;
    }

    private static void collect(String path, JsonNode node, Map<String, Object> to) {
        if (node.isObject())
            node.properties()
                    .forEach(
                            field ->
                                    collect(
                                            path.isEmpty()
                                                    ? field.getKey()
                                                    : path + "." + field.getKey(),
                                            field.getValue(),
                                            to));
        else if (node.isArray())
            to.put(path, node.valueStream().map(JsonNode::asText).collect(Collectors.joining(" ")));
        else if (node.isBoolean()) to.put(path, node.booleanValue());
        else if (node.isNumber()) to.put(path, node.numberValue());
        else if (node.isTextual()) to.put(path, node.textValue());
    }

    /// The facts of a GPU, by paths that begin with its name: `cuda:0.uuid`.
    static void collect(CudaDevice gpu, Map<String, Object> to) {
        collect(gpu.name(), MAPPER.valueToTree(gpu.record()), to);
        to.put(gpu.name() + ".driver", Cuda.driver());
    }

    /// A record as a JSON document.
    static String json(Record document) {
        return MAPPER.valueToTree(document).toPrettyString();
    }

    static DeviceRecord of(Site site) {
        var device = site.device();
        return new DeviceRecord(
                device.name(),
                device.description(),
                site.threads(),
                device.capacity(),
                vectorBits(site));
    }

    private static Optional<Integer> vectorBits(Site site) {
        return site.device() instanceof CpuDevice
                ? Optional.of(CpuDevice.vectorBits())
                : Optional.empty();
    }

    /// `AMD EPYC, 2 threads and 1 thread, 256-bit vectors, 14.0 GiB`, or `NVIDIA H200, 132
    /// multiprocessors, 139.8 GiB`.
    ///
    /// @param sites of one device
    static String text(List<Site> sites) {
        var first = sites.getFirst();
        return "%s, %s%s, %s"
                .formatted(
                        first.device().description(),
                        sites.stream().map(Site::count).collect(Collectors.joining(" and ")),
                        vectorBits(first).map(b -> ", " + b + "-bit vectors").orElse(""),
                        Si.binaryBytes(first.device().capacity()));
    }

    /// A line for each device: its name and [#text].
    static List<String> byDevice(List<Site> sites) {
        return sites.stream()
                .collect(
                        Collectors.groupingBy(
                                site -> site.device().name(),
                                LinkedHashMap::new,
                                Collectors.toList()))
                .entrySet()
                .stream()
                .map(device -> device.getKey() + ": " + text(device.getValue()))
                .toList();
    }
}
