package dev.ridgeline.report;

import java.nio.charset.Charset;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/// Lines of text in aligned columns. A column that is empty in every line takes no room.
public final class Columns {
    /// @param right whether cells are padded on the left
    public record Column(String title, boolean right) {
        public static Column left(String title) {
            return new Column(title, false);
        }

        public static Column right(String title) {
            return new Column(title, true);
        }
    }

    /// @param cells one per column, or a single one that spans them all
    private record Line(List<String> cells) {
        boolean spans() {
            return cells.size() == 1;
        }
    }

    private final int gap;
    private final boolean ascii;
    private final List<Column> columns;
    private final List<Line> lines = new ArrayList<>();

    /// @param gap spaces before each column
    /// @param charset of the reader; what it lacks is spelled in ASCII
    public Columns(int gap, Charset charset, List<Column> columns) {
        this.gap = gap;
        this.ascii = !charset.newEncoder().canEncode("µ±");
        this.columns = columns;
        var titles = columns.stream().map(Column::title).toList();
        if (!String.join("", titles).isEmpty()) add(titles);
    }

    public void add(List<String> cells) {
        lines.add(new Line(cells.stream().map(this::plain).toList()));
    }

    /// A line that is not cut into columns.
    public void heading(String text) {
        add(List.of(text));
    }

    private String plain(String text) {
        return ascii ? text.replace("µ", "u").replace("±", "+-") : text;
    }

    /// Every line ends in a newline and none in a space.
    public String render() {
        int[] widths = IntStream.range(0, columns.size()).map(this::width).toArray();
        var out = new StringBuilder();
        for (var line : lines)
            out.append(line.spans() ? line.cells().getFirst() : render(line, widths)).append('\n');
        return out.toString();
    }

    private int width(int column) {
        return lines.stream()
                .filter(l -> !l.spans())
                .mapToInt(l -> l.cells().get(column).length())
                .max()
                .orElse(0);
    }

    private String render(Line line, int[] widths) {
        var out = new StringBuilder();
        for (int c = 0; c < widths.length; c++) {
            if (widths[c] == 0) continue;
            var cell = line.cells().get(c);
            var pad = " ".repeat(widths[c] - cell.length());
            boolean right = columns.get(c).right();
            out.repeat(' ', gap).append(right ? pad + cell : cell + pad);
        }
        return out.toString().stripTrailing();
    }
}
