package dev.ridgeline.shard;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/// Damaged headers and indexes: built from the parts of good ones with some part wrong, or good
/// ones with some bytes wrong. Everything follows from the seed.
final class Mutations {
    private static final List<String> NUMBERS =
            List.of(
                    "0",
                    "1",
                    "2",
                    "3",
                    "7",
                    "8",
                    "16",
                    "255",
                    "4096",
                    "-1",
                    "-0",
                    "1e3",
                    "0.5",
                    "2147483647",
                    "2147483648",
                    "4294967296",
                    "9007199254740993",
                    "1152921504606846976",
                    "9223372036854775807",
                    "9223372036854775808",
                    "18446744073709551615",
                    "18446744073709551616",
                    "99999999999999999999999999",
                    "01",
                    "null",
                    "true",
                    "\"8\"",
                    "[]",
                    "{}",
                    "NaN",
                    "");

    private static final List<String> NAMES =
            List.of(
                    "a",
                    "b",
                    "model.layers.0.mlp.down_proj.weight",
                    "__metadata__",
                    "",
                    " ",
                    "\\u0000",
                    "\\n",
                    "\\ud800",
                    "\\u202e",
                    "dtype",
                    "weight_map",
                    "\u00e4\u4e2d",
                    "metadata",
                    "\ud83d\ude00",
                    "x".repeat(300));

    private static final List<String> DTYPES =
            List.of("F32", "BF16", "F4", "F6_E2M3", "BOOL", "U64", "F8_E4M3FNUZ", "f32", "", "F33");

    private static final List<String> FILES =
            List.of(
                    "one",
                    "two",
                    "../one",
                    "..",
                    ".",
                    "",
                    "/etc/passwd",
                    "a/b",
                    "a\\\\b",
                    "one\\u0000",
                    "model-00001-of-00002.safetensors",
                    "\\ud800");

    private static final List<String> JUNK =
            List.of(
                    "{",
                    "}",
                    "[",
                    "]",
                    ",",
                    ":",
                    "\"",
                    "\\",
                    "null",
                    "[[[[[[[[[[[[",
                    "{\"a\":",
                    "\u0000",
                    "\ufeff",
                    "//",
                    "/*",
                    "'",
                    "1e999",
                    "-",
                    "\\u",
                    "\t");

    private final RandomGenerator random;

    Mutations(RandomGenerator random) {
        this.random = random;
    }

    /// The bytes of a header, without their length.
    byte[] header() {
        var text = new StringBuilder("{");
        int tensors = random.nextInt(6);
        long at = 0;
        if (random.nextInt(4) == 0) text.append(metadata()).append(tensors > 0 ? "," : "");
        for (int i = 0; i < tensors; i++) {
            at = tensor(text, i, at);
            if (i + 1 < tensors) text.append(',');
        }
        text.append('}');
        while (random.nextInt(4) == 0) text.append(' ');
        return damaged(text);
    }

    private String metadata() {
        return "\"__metadata__\":{\"%s\":%s}"
                .formatted(any(NAMES), rarely() ? any(NUMBERS) : "\"" + any(NAMES) + "\"");
    }

    /// A good tensor in seven of eight.
    private long tensor(StringBuilder text, int number, long at) {
        boolean good = random.nextInt(8) > 0;
        var type = StoredType.values()[random.nextInt(StoredType.values().length)];
        var shape = new ArrayList<String>();
        long count = 1;
        for (int i = random.nextInt(4); i > 0; i--) {
            long extent = 8L * random.nextInt(3);
            count *= extent;
            shape.add(good || !rarely() ? String.valueOf(extent) : any(NUMBERS));
        }
        if (shape.isEmpty()) {
            shape.add("8");
            count = 8;
        }
        long end = at + count * type.bits() / 8;
        var fields = new ArrayList<String>();
        fields.add("\"dtype\":\"%s\"".formatted(good || !rarely() ? type.name() : any(DTYPES)));
        fields.add("\"shape\":[%s]".formatted(String.join(",", shape)));
        fields.add(
                "\"data_offsets\":[%s,%s]"
                        .formatted(
                                good || !rarely() ? at : any(NUMBERS),
                                good || !rarely() ? end : any(NUMBERS)));
        if (!good && rarely()) fields.add(random.nextInt(fields.size() + 1), any(fields));
        if (!good && rarely()) fields.remove(random.nextInt(fields.size()));
        if (!good && rarely()) fields.add("\"%s\":%s".formatted(any(NAMES), any(NUMBERS)));
        var name = good || !rarely() ? "t" + number : any(NAMES);
        text.append('"').append(name).append("\":{").append(String.join(",", fields)).append('}');
        return end;
    }

    /// The bytes of an index.
    byte[] index() {
        var text = new StringBuilder("{");
        if (random.nextBoolean())
            text.append("\"metadata\":{\"total_size\":")
                    .append(rarely() ? any(NUMBERS) : "7")
                    .append("},");
        text.append('"').append(rarely() ? any(NAMES) : "weight_map").append("\":{");
        for (int i = random.nextInt(6); i > 0; i--)
            text.append('"')
                    .append(rarely() ? any(NAMES) : "t" + i)
                    .append("\":\"")
                    .append(rarely() ? any(FILES) : "one")
                    .append(i == 1 ? "\"" : "\",");
        return damaged(text.append("}}"));
    }

    /// Half of them as they are, half with junk put in, a part doubled or cut, or bytes replaced.
    private byte[] damaged(StringBuilder text) {
        int kind = random.nextInt(8);
        int at = random.nextInt(text.length());
        int end = at + random.nextInt(text.length() - at);
        if (kind == 0) text.insert(at, any(JUNK));
        else if (kind == 1) text.insert(at, text.substring(at, end));
        else if (kind == 2) text.delete(at, end);
        byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
        if (kind == 3 && bytes.length > 0)
            for (int n = random.nextInt(4); n >= 0; n--)
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
        return bytes;
    }

    private boolean rarely() {
        return random.nextInt(4) == 0;
    }

    private <T> T any(List<T> list) {
        return list.get(random.nextInt(list.size()));
    }
}
