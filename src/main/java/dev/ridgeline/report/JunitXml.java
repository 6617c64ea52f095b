package dev.ridgeline.report;

import java.io.StringWriter;

import javax.xml.stream.XMLOutputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamWriter;

/// The form CI systems show: a row is a test case, a wrong kernel a failure, an error an error, a
/// refusal a skip.
final class JunitXml {
    private JunitXml() {}

    static String of(ResultFile file) {
        var text = new StringWriter();
        try {
            var xml = XMLOutputFactory.newFactory().createXMLStreamWriter(text);
            xml.writeStartDocument("UTF-8", "1.0");
            xml.writeCharacters("\n");
            xml.writeStartElement("testsuite");
            xml.writeAttribute("name", "ridgeline");
            xml.writeAttribute("timestamp", file.created());
            xml.writeAttribute("tests", String.valueOf(file.rows().size()));
            xml.writeAttribute("failures", count(file, Row.Status.WRONG));
            xml.writeAttribute("errors", count(file, Row.Status.FAILED));
            xml.writeAttribute("skipped", count(file, Row.Status.REFUSED));
            for (var row : file.rows()) write(xml, row);
            xml.writeCharacters("\n");
            xml.writeEndElement();
            xml.writeCharacters("\n");
            xml.writeEndDocument();
        } catch (XMLStreamException e) {
            throw new IllegalArgumentException("a result that is not XML", e);
        }
        return text.toString();
    }

    private static String count(ResultFile file, Row.Status status) {
        return String.valueOf(file.rows().stream().filter(r -> r.status() == status).count());
    }

    private static void write(XMLStreamWriter xml, Row row) throws XMLStreamException {
        xml.writeCharacters("\n  ");
        xml.writeStartElement("testcase");
        xml.writeAttribute("classname", printable(row.kernel()));
        xml.writeAttribute("name", printable(row.key()));
        xml.writeAttribute("time", row.seconds().map(s -> Double.toString(s.median())).orElse("0"));
        var element =
                switch (row.status()) {
                    case MEASURED -> "system-out";
                    case WRONG -> "failure";
                    case FAILED -> "error";
                    case REFUSED -> "skipped";
                };
        xml.writeStartElement(element);
        var text =
                printable(
                        row.reason()
                                .or(() -> row.rate().map(r -> Si.rate(r.value(), r.unit())))
                                .orElse(""));
        if (row.status() == Row.Status.MEASURED) xml.writeCharacters(text);
        else xml.writeAttribute("message", text);
        xml.writeEndElement();
        xml.writeEndElement();
    }

    /// XML 1.0 has no way to write control characters.
    private static String printable(String text) {
        return text.replaceAll("[\\p{Cntrl}&&[^\t\r\n]]", "?");
    }
}
