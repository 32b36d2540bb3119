/// One component of a path, as bytes: not empty, no slash, no NUL, not `.` or `..`, at most 255 bytes.
///
/// Bytes and not a string, because Swift's strings treat some names as equal that differ for the kernel.
package struct FileName: Hashable, Sendable, CustomStringConvertible, ExpressibleByStringLiteral {
    private let terminated: [UInt8]

    /// Why something is not a file name.
    package enum Fault: Error, Equatable, Sendable {
        case empty, slash, null, dots
        /// Its length in bytes; at most 255.
        case tooLong(Int)
    }

    /// Checks the bytes.
    package init(bytes: some Collection<UInt8>) throws(Fault) {
        if bytes.isEmpty { throw .empty }
        if bytes.contains(0) { throw .null }
        if bytes.contains(UInt8(ascii: "/")) { throw .slash }
        if bytes.elementsEqual(".".utf8) || bytes.elementsEqual("..".utf8) { throw .dots }
        if bytes.count > 255 { throw .tooLong(bytes.count) }
        terminated = Array(bytes) + [0]
    }

    /// Checks the text.
    package init(_ text: String) throws(Fault) {
        try self.init(bytes: text.utf8)
    }

    /// A name that is a literal of the program.
    package init(stringLiteral: StaticString) {
        terminated = Array(stringLiteral.description.utf8) + [0]
    }

    /// The bytes without a NUL behind them.
    package var bytes: ArraySlice<UInt8> { terminated.dropLast() }

    /// The name for messages; invalid UTF-8 is replaced.
    package var description: String { String(decoding: bytes, as: UTF8.self) }

    /// Whether the name begins with these bytes.
    package func hasPrefix(_ prefix: String) -> Bool { bytes.starts(with: prefix.utf8) }

    func withPointer<Value, Failure: Error>(
        _ body: (UnsafePointer<CChar>) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        try unsafe withCString(terminated, body)
    }
}

/// A path below a directory: components joined by slashes.
package struct RelativePath: Hashable, Sendable, CustomStringConvertible {
    package let components: [FileName]

    /// Why something is not a path below a directory.
    package enum Fault: Error, Equatable, Sendable {
        case empty, absolute, null, emptyComponent, dots
        /// The length of a component in bytes; at most 255.
        case componentTooLong(Int)
        /// The length of the path in bytes; at most 3,072, so that the directory fits before it.
        case tooLong(Int)
    }

    /// Checks the text: relative, no empty component, no `.` or `..`.
    package init(_ text: String) throws(Fault) {
        if text.isEmpty { throw .empty }
        if text.utf8.first == UInt8(ascii: "/") { throw .absolute }
        if text.utf8.count > 3072 { throw .tooLong(text.utf8.count) }
        var components: [FileName] = []
        for part in text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            do {
                components.append(try FileName(bytes: part))
            } catch {
                switch error {
                case .empty, .slash: throw .emptyComponent
                case .null: throw .null
                case .dots: throw .dots
                case .tooLong(let count): throw .componentTooLong(count)
                }
            }
        }
        self.components = components
    }

    /// A path of one component or more.
    package init(_ first: FileName, _ rest: FileName...) {
        components = [first] + rest
    }

    init(components: [FileName]) {
        self.components = components
    }

    /// The first component.
    package var top: FileName { components[0] }

    /// The path without its last component; nil for a single one.
    package var parent: RelativePath? {
        components.count > 1 ? RelativePath(components: components.dropLast()) : nil
    }

    /// The path one component longer.
    package func appending(_ name: FileName) -> RelativePath {
        RelativePath(components: components + [name])
    }

    /// The bytes, joined by slashes.
    package var bytes: [UInt8] { Array(components.map(\.bytes).joined(separator: [UInt8(ascii: "/")])) }

    /// The path for messages.
    package var description: String { components.map(\.description).joined(separator: "/") }

    func withPointer<Value, Failure: Error>(
        _ body: (UnsafePointer<CChar>) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        try unsafe withCString(bytes + [0], body)
    }
}

/// Lends NUL-terminated bytes as C wants them.
func withCString<Value, Failure: Error>(
    _ terminated: [UInt8], _ body: (UnsafePointer<CChar>) throws(Failure) -> Value
) throws(Failure) -> Value {
    var result: Result<Value, Failure>?
    unsafe terminated.withUnsafeBytes { bytes in
        let pointer = unsafe bytes.assumingMemoryBound(to: CChar.self).baseAddress
        guard let pointer = unsafe pointer else { preconditionFailure("no bytes where at least a NUL is") }
        do throws(Failure) {
            result = .success(try unsafe body(pointer))
        } catch {
            result = .failure(error)
        }
    }
    guard let result else { preconditionFailure("the closure was not called") }
    return try result.get()
}
