import Messages

/// Checks paths of files below the secrets directory.
enum DeliveryPath {
    /// Checks one path: relative, without empty, `.` or `..` components, each a name that the kernel accepts.
    static func check(_ path: String) throws(ValueProblem) {
        if path.isEmpty { throw ValueProblem("the file has no path") }
        let shown = Origin.shortened(path)
        if path.hasPrefix("/") {
            throw ValueProblem(
                "the path '\(shown)' is absolute", hint: "paths are relative to the secrets directory (--directory)")
        }
        if path.unicodeScalars.contains(where: PrintableText.isUnprintable) {
            throw ValueProblem("a file's path holds no control characters")
        }
        if path.utf8.count > 3072 { throw ValueProblem("the path is longer than 3072 bytes") }
        for component in path.split(separator: "/", omittingEmptySubsequences: false) {
            if component.isEmpty || component == "." || component == ".." {
                throw ValueProblem("the path '\(shown)' has an empty, '.' or '..' component")
            }
            // `..data` and Latchkey's other names.
            if component.hasPrefix("..") {
                throw ValueProblem("the path '\(shown)' has a name that begins with '..', which is reserved")
            }
            if component.utf8.count > 255 { throw ValueProblem("a name in the path is longer than 255 bytes") }
        }
    }

    /// A file whose path another file needs as a directory: `tls` and `tls/key.pem`.
    static func conflict(among files: [DeliveryItem]) -> (file: DeliveryItem, below: DeliveryItem)? {
        let byPath = Dictionary(files.map { ($0.target.name, $0) }) { first, _ in first }
        for file in files {
            var path = file.target.name[...]
            while let slash = path.lastIndex(of: "/") {
                path = path[..<slash]
                if let other = byPath[String(path)] { return (other, file) }
            }
        }
        return nil
    }
}

/// Paths as users write them, made absolute.
enum PathText {
    /// The path relative to `directory`, unless it is absolute.
    static func absolute(_ path: String, in directory: String) throws(ValueProblem) -> String {
        if path.isEmpty { throw ValueProblem("the path is empty") }
        if path.utf8.contains(0) { throw ValueProblem("the path holds a NUL byte") }
        if path.utf8.count > 4095 { throw ValueProblem("the path is longer than 4095 bytes") }
        return path.hasPrefix("/") ? path : joined(directory, path)
    }

    static func joined(_ directory: String, _ path: String) -> String {
        var rest = path[...]
        while rest.hasPrefix("./") { rest = rest.dropFirst(2).drop { $0 == "/" } }
        return directory + (directory.hasSuffix("/") ? "" : "/") + rest
    }

    /// The directory part of a path: `.` for a bare name.
    static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
