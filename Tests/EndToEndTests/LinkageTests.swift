import Foundation
import LatchkeyTestSupport
import Testing

/// How the programs are linked, as their headers say (elf(5)).
@Suite(.enabled(if: Programs.installed("readelf") != nil, "readelf is not installed"))
struct LinkageTests {
    private static let worker =
        URL(fileURLWithPath: Programs.latchkey).deletingLastPathComponent().path
        + "/latchkey-worker"

    private func headers(_ option: String, of program: String) throws -> [Substring] {
        let outcome = try ChildProcess.run(try #require(Programs.installed("readelf")), ["-W", option, program])
        try #require(outcome.ending == .code(0), "\(outcome.errors)")
        return outcome.output.split(separator: "\n")
    }

    @Test(arguments: [Programs.latchkey, worker])
    func `no memory is executable and writable, and the stack is not executable`(program: String) throws {
        let segments = try headers("--segments", of: program)
        // Type, offset, two addresses, two sizes, flags of up to three words, alignment.
        let flags = segments.compactMap { line -> (Substring, String)? in
            let words = line.split(separator: " ")
            guard words.count >= 8, words[1].hasPrefix("0x") else { return nil }
            return (words[0], words[6..<(words.count - 1)].joined())
        }
        #expect(flags.contains { $0.0 == "GNU_STACK" && $0.1 == "RW" }, "\(segments)")
        #expect(flags.contains { $0.0 == "GNU_RELRO" }, "\(segments)")
        #expect(flags.count { $0.0 == "LOAD" } >= 2, "\(segments)")
        #expect(flags.allSatisfy { !($0.1.contains("W") && $0.1.contains("E")) }, "\(segments)")
    }

    @Test func `the worker is position-independent, and all of its symbols are bound before it starts`() throws {
        let header = try headers("--file-header", of: Self.worker)
        #expect(header.contains { $0.contains("Type:") && $0.contains("DYN") }, "\(header)")
        let dynamic = try headers("--dynamic", of: Self.worker)
        #expect(dynamic.contains { $0.contains("(FLAGS)") && $0.contains("BIND_NOW") }, "\(dynamic)")
        #expect(dynamic.contains { $0.contains("(FLAGS_1)") && $0.contains("NOW") && $0.contains("PIE") }, "\(dynamic)")
        #expect(!dynamic.contains { $0.contains("(TEXTREL)") || $0.contains("(RPATH)") }, "\(dynamic)")
    }

    @Test func `neither program needs libsystemd to start, and a note tells packagers that the worker loads it`() throws
    {
        for program in [Programs.latchkey, Self.worker] {
            let libraries = try headers("--dynamic", of: program).filter { $0.contains("(NEEDED)") }
            #expect(!libraries.contains { $0.contains("libsystemd") }, "\(libraries)")
        }
        let sections = try headers("--section-headers", of: Self.worker)
        #expect(sections.contains { $0.contains(".note.dlopen") && $0.contains("NOTE") }, "\(sections)")
        let text = try Data(contentsOf: URL(fileURLWithPath: Self.worker), options: .alwaysMapped)
        #expect(text.range(of: Data(#""priority":"recommended","soname":["libsystemd.so.0"]"#.utf8)) != nil)
    }

    @Test(.enabled(if: Programs.installed("strace") != nil, "strace is not installed"))
    func `a start without systemd looks for nothing of it`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let trace = scratch.path + "/trace"
            let variables = try azure.environment().merging(["RUNTIME_DIRECTORY": scratch.path + "/instance"]) { $1 }
            let outcome = try Launch(
                try #require(Programs.installed("strace")),
                [
                    "-f", "-qq", "-o", trace, "-e", "trace=open,openat", Programs.latchkey, "run", "--vault",
                    azure.vault,
                    "--ca-file", azure.authority, "-e", "A=db-password", "--", "true",
                ], environment: variables, directory: scratch.path, within: scratch
            ).end()
            try #require(outcome.ending == .code(0), "\(outcome.errors)")
            let opened = try String(contentsOfFile: trace, encoding: .utf8)
            #expect(opened.contains("libcurl") && !opened.contains("libsystemd"))
        }
    }

    @Test func `nothing of Foundation is linked`() throws {
        for program in [Programs.latchkey, Self.worker] {
            let libraries = try headers("--dynamic", of: program).filter { $0.contains("(NEEDED)") }
            #expect(!libraries.contains { $0.contains("Foundation") }, "\(libraries)")
            // Where it is part of the program: names of its symbols begin with the module's.
            let text = try Data(contentsOf: URL(fileURLWithPath: program), options: .alwaysMapped)
            for module in ["$s10Foundation", "$s20FoundationEssentials"] {
                #expect(text.range(of: Data(module.utf8)) == nil, "\(module) in \(program)")
            }
        }
    }

    @Test func `the two programs import nothing but the package's targets and the toolchain's own`() {
        #expect(Self.foreignImports == [])
    }

    /// `TARGET: MODULE` for each import of levels 1 to 6 of what is no target of the package, and neither the C library
    /// nor a part of the standard library.
    private static let foreignImports: Set<String> = {
        let sources = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/") + "/Sources"
        let standIns = [
            "AzureEmulator", "latchkey-emulator", "latchkey-sample-app", "latchkey-probe", "latchkey-stub-worker",
            "latchkey-rotate", "LatchkeyTestSupport",
        ]
        let names = (try? FileManager.default.contentsOfDirectory(atPath: sources)) ?? []
        let targets = Set(names).subtracting(standIns)
        var foreign: Set<String> = targets.contains("latchkey-worker") ? [] : ["the sources: not found"]
        for target in targets {
            let files =
                FileManager.default.enumerator(atPath: "\(sources)/\(target)")?.compactMap { $0 as? String } ?? []
            for file in files where file.hasSuffix(".swift") {
                let text =
                    (try? String(contentsOfFile: "\(sources)/\(target)/\(file)", encoding: .utf8)) ?? "import \(file)"
                foreign.formUnion(
                    imports(in: text).subtracting(targets).subtracting(["Glibc", "Synchronization"]).map {
                        "\(target): \($0)"
                    })
            }
        }
        return foreign
    }()

    /// The modules that a source imports, with whatever access and attributes.
    private static func imports(in text: String) -> Set<String> {
        let modules = text.split(separator: "\n").compactMap { line -> String? in
            let words = line.split(separator: " ")
            guard let place = words.firstIndex(of: "import"), place + 1 < words.count,
                words[..<place].allSatisfy({
                    $0.hasPrefix("@") || ["package", "public", "internal", "private"].contains($0)
                })
            else { return nil }
            return String(words.last ?? "").split(separator: ".").first.map(String.init)
        }
        return Set(modules)
    }

    @Test func `the worker's C is guarded against overwritten stacks`() throws {
        #expect(
            try headers("--dyn-syms", of: Self.worker).contains {
                $0.contains("UND") && $0.contains("__stack_chk_fail")
            })
    }
}
