package dev.ridgeline.report;

import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// A piece of HTML or SVG. Text and attribute values are escaped where they enter, so a value of
/// this type is safe to place anywhere in a page.
final class Markup implements Part {
    record Attribute(String name, String value) implements Part {}

    static final Markup NOTHING = new Markup("");

    private static final Set<String> VOID = Set.of("meta", "link", "input");

    private final String html;

    private Markup(String html) {
        this.html = html;
    }

    static Markup text(Object text) {
        return new Markup(escaped(text.toString()));
    }

    static Attribute at(String name, Object value) {
        return new Attribute(name, value.toString());
    }

    static Attribute css(String names) {
        return at("class", names);
    }

    static Markup el(String name, Part... parts) {
        var attributes = new StringBuilder();
        var content = new StringBuilder();
        for (var part : parts) {
            switch (part) {
                case Attribute(var key, var value) ->
                        attributes
                                .append(' ')
                                .append(key)
                                .append("=\"")
                                .append(escaped(value))
                                .append('"');
                case Markup inner -> content.append(inner.html);
            }
        }
        return new Markup(
                "<"
                        + name
                        + attributes
                        + ">"
                        + (VOID.contains(name) ? "" : content + "</" + name + ">"));
    }

    /// An element that holds only text.
    static Markup el(String name, String text, Attribute... attributes) {
        return el(
                name,
                Stream.concat(Stream.of(attributes), Stream.of(text(text))).toArray(Part[]::new));
    }

    static Markup all(Stream<Markup> parts) {
        return new Markup(parts.map(p -> p.html).collect(Collectors.joining("\n")));
    }

    static Markup all(Markup... parts) {
        return all(Stream.of(parts));
    }

    /// A `script` or `style` of the project's own, taken as it is.
    static Markup verbatim(String element, String source) {
        return new Markup("<" + element + ">" + source + "</" + element + ">");
    }

    /// JSON that scripts can read and that no content can break out of.
    static Markup data(String name, String json) {
        return el(
                "script",
                at("type", "application/json"),
                at("data-name", name),
                new Markup(json.replace("<", "\\u003c")));
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;")
                .replace("'", "&#39;");
    }

    @Override
    public String toString() {
        return html;
    }
}
