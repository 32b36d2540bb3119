import Glibc

/// One program for all parsers, so that they are built once; `LATCHKEY_FUZZ` names the one that is fuzzed, the arguments
/// are libFuzzer's.
///
/// A parser fails by trapping: an index out of range, an overflow, a property that does not hold, or memory that the
/// address sanitizer sees misused.
@main
enum Fuzz {
    static func main() {
        var count = CommandLine.argc
        var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = unsafe CommandLine.unsafeArgv
        exit(unsafe runFuzzer(&count, &arguments, fuzzOneInput))
    }

    fileprivate static let parser: Parser = {
        let name = unsafe getenv("LATCHKEY_FUZZ").map { unsafe String(cString: $0) } ?? ""
        guard let parser = parsers[name] else {
            print("LATCHKEY_FUZZ names no parser; there are: \(parsers.keys.sorted().joined(separator: " "))")
            exit(64)
        }
        return parser
    }()
}

/// What libFuzzer calls with each input (its documentation, "Fuzz Target"): also by this name, from its own main function,
/// which the build system replaces by ours.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    unsafe Fuzz.parser(Array(UnsafeBufferPointer(start: bytes, count: count)))
    return 0
}

/// libFuzzer as a library; it comes with `-sanitize=fuzzer`, without a module to import.
@_silgen_name("LLVMFuzzerRunDriver")
private func runFuzzer(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
    _ each: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt
