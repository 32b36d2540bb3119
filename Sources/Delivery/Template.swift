import Cryptography
import LinuxSystem
package import Secrets

/// A Mustache template whose variables are references: names of secrets, or any other form. Nothing is escaped unless
/// `json(…)`, `shell(…)`, `url(…)` or `base64(…)` asks for it.
package struct Template: Sendable {
    private let pieces: [TemplateScanner.Piece]
    /// The SHA-256 digest of its text, in hexadecimal digits.
    package let digest: String

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
            throw .templateSyntax(TemplateLocation(path: path, line: 1, column: 1), "the template is not UTF-8 text")
        }
        return try Template(text, path: path)
    }

    /// Checks a template's text; `path` is for messages. `isInline`: the text is a part of the file at `path`.
    package init(_ text: String, path: String, isInline: Bool = false) throws(DeliveryError) {
        pieces = try TemplateScanner.pieces(of: text, path: path, isInline: isInline)
        digest = hexadecimal(sha256(Array(text.utf8).span).span)
    }

    /// The references to fetch as they are written, each once, in their order, with the location of the first use.
    package var references: [(text: String, location: TemplateLocation)] {
        var seen: Set<String> = []
        return pieces.compactMap { piece in
            guard case .use(let use) = piece, seen.insert(use.reference).inserted else { return nil }
            return (use.reference, use.location)
        }
    }

    /// Writes the text into the set and returns its slot. `values`: the slot of every reference in the set.
    ///
    /// `target`: the file or variable to be delivered, for messages.
    package func render(
        _ values: [String: SecretSet.Slot], in secrets: inout SecretSet, target: String
    ) throws(DeliveryError) -> SecretSet.Slot {
        var text = SecretBuffer()
        for piece in pieces {
            switch piece {
            case .text(let bytes): text.append(bytes.span)
            case .use(let use):
                guard let slot = values[use.reference] else { throw .templateName(use.location, use.reference) }
                try secrets.withBytes(of: slot) { bytes throws(DeliveryError) in
                    try write(bytes, use, into: &text, target: target)
                }
            }
        }
        return text.withBytes { secrets.append($0) }
    }

    private func write(
        _ value: Span<UInt8>, _ use: TemplateScanner.Use, into text: inout SecretBuffer, target: String
    ) throws(DeliveryError) {
        // A value of any bytes fits where it is encoded.
        switch use.quoting {
        case .url: return Quoting.url(value, into: &text)
        case .base64: return Quoting.base64(value, into: &text)
        case .plain, .json, .shell: break
        }
        guard isText(value) else { throw .encoding(secret: use.reference, target: target) }
        switch use.quoting {
        case .shell:
            if value.indices.contains(where: { value[$0] == 0 }) { throw .templateNull(use.location, use.reference) }
            Quoting.shell(value, into: &text)
        case .json: Quoting.json(value, into: &text)
        case .plain, .url, .base64: text.append(value)
        }
    }
}
