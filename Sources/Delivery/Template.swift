import LinuxSystem
import Mustache
package import Secrets

/// A Mustache template whose variables are secrets' names. Nothing is escaped unless `json(…)` or `shell(…)` asks for it.
package struct Template: Sendable {
    private let uses: [TemplateScanner.Use]
    private let template: MustacheTemplate
    private let path: String

    /// The most bytes of a template.
    package static let sizeLimit = 1 << 20

    /// Reads and checks a template.
    package static func read(_ path: String) throws(DeliveryError) -> Template {
        var text: [UInt8] = []
        do {
            let file = try SecureFile.open(path)
            if file.size > sizeLimit { throw SystemError(call: "read", code: 27, subject: path) }
            text = [UInt8](repeating: 0, count: file.size)
            var room = text.mutableSpan
            let count = try file.read(into: &room)
            text.removeLast(text.count - count)
        } catch let error as SystemError {
            throw .templateMissing(error)
        } catch {
            throw .templateMissing(SystemError(call: "read", code: 5, subject: path))
        }
        guard let text = String(validating: text, as: UTF8.self) else {
            throw .templateSyntax(TemplatePlace(path: path, line: 1, column: 1), "the template is not UTF-8 text")
        }
        return try Template(text, path: path)
    }

    /// Checks a template's text; `path` is for messages.
    package init(_ text: String, path: String) throws(DeliveryError) {
        self.path = path
        uses = try TemplateScanner.uses(in: text, path: path)
        do {
            // The pragma stands on a line of its own, which Mustache leaves out. The NUL keeps blanks at the very end.
            template = try MustacheTemplate(string: "{{% CONTENT_TYPE:TEXT}}\n" + text + "\0")
        } catch let error as MustacheTemplate.ParserError {
            let place = TemplatePlace(
                path: path, line: error.context.lineNumber - 1, column: error.context.columnNumber)
            throw .templateSyntax(place, "a tag can't be understood")
        } catch {
            throw .templateSyntax(TemplatePlace(path: path, line: 1, column: 1), "a tag can't be understood")
        }
    }

    /// The secrets that it names, each once, in their order: what has to be fetched.
    package var names: [String] {
        var seen: Set<String> = []
        return uses.map(\.name).filter { seen.insert($0).inserted }
    }

    /// Writes the text into the set and says where it lies. `values`: every name's place in the set.
    ///
    /// `file`: the path of the file to be delivered, for messages.
    package func render(
        _ values: [String: SecretSet.Slot], in secrets: inout SecretSet, file: String
    ) throws(DeliveryError) -> SecretSet.Slot {
        let scope = TemplateScope()
        for use in uses {
            guard let slot = values[use.name] else { throw .templateName(use.place, use.name) }
            if use.isShell, secrets.withBytes(of: slot, { bytes in bytes.indices.contains { bytes[$0] == 0 } }) {
                throw .templateNull(use.place, use.name)
            }
            guard scope.values[use.name] == nil else { continue }
            guard let value = secrets.withBytes(of: slot, { Delivery.text($0) }) else {
                throw .encoding(secret: use.name, file: file)
            }
            scope.values[use.name] = TemplateValue(text: value)
        }
        let text = template.render(scope)
        if let name = scope.missing { throw .templateName(TemplatePlace(path: path, line: 1, column: 1), name) }
        let bytes = Array(text.utf8.dropLast())
        return secrets.append(bytes.span)
    }
}

/// The secrets by name, as the template asks for them.
private final class TemplateScope: MustacheParent {
    var values: [String: TemplateValue] = [:]
    /// A name that was asked for and is not there: Mustache would write nothing.
    var missing: String?

    func child(named name: String) -> Any? {
        if values[name] == nil { missing = name }
        return values[name]
    }
}

/// A secret's text with the two ways to quote it.
private struct TemplateValue: MustacheTransformable, MustacheCustomRenderable {
    let text: String

    var renderText: String { text }
    var isNull: Bool { false }

    func transform(_ name: String) -> Any? {
        let bytes = Array(text.utf8)
        var quoted = SecretBuffer()
        switch name {
        case "json": Quoting.json(bytes.span, into: &quoted)
        case "shell": Quoting.shell(bytes.span, into: &quoted)
        default: return nil
        }
        return quoted.withBytes { Delivery.text($0) }.map { TemplateValue(text: $0) }
    }
}
