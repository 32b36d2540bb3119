import Glibc
import LinuxSystem
import Messages

/// The configuration file's text, read and parsed as TOML.
struct ConfigurationText {
    /// The file's name as messages show it.
    let name: String
    /// The file, absolute.
    let path: String
    /// The directory that paths in the file are relative to.
    var directory: String { PathText.directory(of: path) }
    let root: ConfigurationNode

    /// Far more than any real configuration needs.
    private static let limit = 1 << 20

    /// Reads and parses the file at an absolute path.
    init(path: String, name: String) throws(ConfigurationError) {
        let contents: [UInt8]
        do { contents = try InputFile.contents(of: path, limit: Self.limit) } catch {
            throw Self.unreadable(name, error)
        }
        try self.init(contents, name: name, path: path)
    }

    /// Reads and parses a found file; nil if there is none. Throws if it can't be trusted.
    init?(_ found: FoundConfiguration) throws(ConfigurationError) {
        guard let contents = try found.contents(limit: Self.limit) else { return nil }
        try self.init(contents, name: found.name, path: found.path)
    }

    /// Parses a text.
    init(_ bytes: [UInt8], name: String, path: String) throws(ConfigurationError) {
        self.name = name
        self.path = path
        let locations = TextLocations(bytes)
        func fail(
            _ code: MessageCode, at location: TextLocation, _ reason: String, hint: String? = nil
        ) -> ConfigurationError {
            ConfigurationError(
                code, exit: .configuration, "\(name):\(location.line):\(location.column): \(reason)", hint: hint)
        }
        if let nul = bytes.firstIndex(of: 0) {
            throw fail(.configurationSyntax, at: locations[nul], "a NUL byte is not allowed")
        }
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw fail(.configurationSyntax, at: locations[Self.firstInvalid(bytes)], "the text is not UTF-8")
        }
        let document: TOMLDocument
        do { document = try TOMLDocument(bytes) } catch {
            if let duplicate = DuplicateKey(error, in: locations) {
                throw fail(
                    .configurationDuplicate, at: duplicate.second,
                    "'\(duplicate.path.joined(separator: "."))' is given again; first at line \(duplicate.first.line), "
                        + "column \(duplicate.first.column)", hint: "keep one of the two")
            }
            let mistake = SyntaxMistake(error, in: locations)
            throw fail(.configurationSyntax, at: mistake.location, mistake.reason, hint: mistake.hint)
        }
        if let nul = document.firstNUL {
            throw fail(.configurationValue, at: nul, "a string with a NUL character can't be used")
        }
        if let foreign = document.firstForeignValue {
            throw fail(.configurationSyntax, at: foreign, SyntaxMistake.values)
        }
        root = document.root
    }

    static func unreadable(_ name: String, _ error: SystemError) -> ConfigurationError {
        let text = "configuration file '\(name)': \(error.reason)"
        guard error.isAboutPath else { return ConfigurationError(.systemRefused, exit: .system, text) }
        return ConfigurationError(
            .configurationMissing, exit: .noInput, text, hint: "check --config and LATCHKEY_CONFIG")
    }

    private static func firstInvalid(_ bytes: [UInt8]) -> Int {
        var offset = 0
        var iterator = bytes.makeIterator()
        var decoder = UTF8()
        while case .scalarValue(let scalar) = decoder.decode(&iterator) { offset += UTF8.width(scalar) }
        return offset
    }
}

extension SystemError {
    /// Whether the path itself is wrong, and not a permission or a resource.
    var isAboutPath: Bool {
        [ENOENT, ENOTDIR, EISDIR, EINVAL, ENAMETOOLONG, ELOOP, EFBIG, ENXIO].contains(code)
    }
}
