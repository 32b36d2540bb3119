// swift-tools-version: 6.2

import PackageDescription

// What every target of our own is compiled with. The arrows between targets point downward only; the levels are
// those of the architecture page (Sources/latchkey-worker/Documentation.docc/Architecture.md).
let strict: [SwiftSetting] = [
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(of name: String, _ dependencies: [Target.Dependency] = [], excluding: [String] = []) -> Target {
    .testTarget(
        name: "\(name)Tests",
        dependencies: [.byName(name: name), "LatchkeyTestSupport"] + dependencies,
        exclude: excluding,
        swiftSettings: strict
    )
}

let package = Package(
    name: "latchkey",
    products: [
        .executable(name: "latchkey", targets: ["latchkey"]),
        .executable(name: "latchkey-worker", targets: ["latchkey-worker"]),
        .executable(name: "latchkey-emulator", targets: ["latchkey-emulator"]),
        .executable(name: "latchkey-sample-app", targets: ["latchkey-sample-app"]),
        .executable(name: "latchkey-probe", targets: ["latchkey-probe"]),
    ],
    dependencies: [
        // The emulator, the sample app and the tests only.
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1"),
        .package(url: "https://github.com/apple/swift-certificates", exact: "1.21.1"),
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
        // What Hummingbird brings anyway; named here since the emulator imports them by name.
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
        .package(url: "https://github.com/apple/swift-http-types", exact: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-asn1", exact: "1.7.4"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
    ],
    targets: [
        // C: what Swift cannot import.
        .target(
            name: "CLinux", cSettings: [.unsafeFlags(["-fstack-protector-strong", "-Wall", "-Wextra", "-Werror"])]),
        // C++: toml++ (Debian's libtomlplusplus-dev), which is header only.
        .target(
            name: "CTOML", cxxSettings: [.unsafeFlags(["-fstack-protector-strong", "-Wall", "-Wextra", "-Werror"])]),
        // libsystemd's declarations (libsystemd-dev). The library is loaded at run time, where there is something of
        // systemd to talk to.
        .target(name: "CSystemd", cSettings: [.unsafeFlags(["-Wall", "-Wextra", "-Werror"])]),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),

        // 1: the kernel, secret bytes, messages.
        library("LinuxSystem", ["CLinux"]),
        library("Secrets", ["CCurl"]),
        library("Messages"),
        library("Cryptography", ["COpenSSL", "LinuxSystem", "Secrets"]),
        // Apart from LinuxSystem: glibc's name services can't be linked into the static program.
        library("NameServices", ["LinuxSystem"]),

        // 2
        library("SecretsDirectory", ["LinuxSystem", "Messages"]),
        library("WorkerProtocol", ["LinuxSystem", "Messages", "SecretsDirectory"]),
        library("ServiceNotify", ["LinuxSystem", "Messages"]),
        library(
            "LaunchConfiguration",
            ["LinuxSystem", "NameServices", "Secrets", "Messages", "WorkerProtocol", "CTOML"]),
        library("HTTPTransport", ["LinuxSystem", "Secrets", "Messages", "CCurl"]),
        library("Delivery", ["LinuxSystem", "Secrets", "Messages", "SecretsDirectory", "Cryptography"]),
        library("Supervision", ["LinuxSystem", "Messages", "WorkerProtocol", "ServiceNotify", "SecretsDirectory"]),
        library("Systemd", ["LinuxSystem", "ServiceNotify", "WorkerProtocol", "CSystemd"]),

        // 3 to 5
        library("ManagedIdentity", ["LinuxSystem", "Secrets", "Messages", "HTTPTransport", "Cryptography"]),
        library(
            "KeyVault", ["LinuxSystem", "Secrets", "Messages", "HTTPTransport", "ManagedIdentity", "Cryptography"]),
        library(
            "Refresh",
            [
                "LinuxSystem", "Secrets", "Messages", "WorkerProtocol", "LaunchConfiguration", "HTTPTransport",
                "ManagedIdentity", "KeyVault", "Delivery", "SecretsDirectory", "Cryptography",
            ]
        ),

        // 6: the programs.
        .executableTarget(
            name: "latchkey",
            dependencies: ["LinuxSystem", "Messages", "WorkerProtocol", "Supervision", "ServiceNotify"],
            swiftSettings: strict,
            linkerSettings: [.unsafeFlags(["-static-executable"])]
        ),
        .executableTarget(
            name: "latchkey-worker",
            dependencies: [
                "LinuxSystem", "NameServices", "Secrets", "Messages", "WorkerProtocol", "LaunchConfiguration",
                "HTTPTransport", "ManagedIdentity", "KeyVault", "Delivery", "SecretsDirectory", "Refresh",
                "Systemd",
                "ServiceNotify", "Cryptography",
            ],
            exclude: [],
            swiftSettings: strict,
            // Symbols are bound before anything of the network is read; their table is read-only from then on.
            linkerSettings: [.unsafeFlags(["-Xlinker", "-z", "-Xlinker", "now"])]
        ),

        // T: an independent stand-in for Azure, a sample, and what the tests need.
        .target(
            name: "AzureEmulator",
            dependencies: [
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"),
                .product(name: "X509", package: "swift-certificates"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "_CryptoExtras", package: "swift-crypto"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "SwiftASN1", package: "swift-asn1"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                "CTOML",
            ],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "latchkey-emulator",
            dependencies: [
                "AzureEmulator", argumentParser,
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "latchkey-sample-app",
            dependencies: [
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                argumentParser,
            ],
            // In the program's own text: it is one file that runs from anywhere.
            resources: [
                .embedInCode("Assets/page.html"), .embedInCode("Assets/page.css"), .embedInCode("Assets/page.js"),
                .embedInCode("Assets/icon.svg"),
            ],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "latchkey-probe", cSettings: [.unsafeFlags(["-Wall", "-Wextra", "-Werror"])],
            linkerSettings: [.unsafeFlags(["-static-executable"])]),
        .executableTarget(
            name: "latchkey-stub-worker", dependencies: ["LinuxSystem", "Messages", "WorkerProtocol"],
            swiftSettings: strict, linkerSettings: [.unsafeFlags(["-static-executable"])]),
        .executableTarget(
            name: "latchkey-rotate", dependencies: ["SecretsDirectory", "LinuxSystem", "Messages"],
            swiftSettings: strict),
        // Acts before the tests' first line: every test target has it by LatchkeyTestSupport.
        .target(name: "CPrivateMounts", cSettings: [.unsafeFlags(["-Wall", "-Wextra", "-Werror"])]),
        library("LatchkeyTestSupport", ["CPrivateMounts", "LinuxSystem", "Secrets", "Messages", "HTTPTransport"]),

        tests(of: "LinuxSystem"),
        tests(of: "Secrets"),
        tests(of: "Messages"),
        tests(of: "Cryptography"),
        tests(of: "NameServices", ["LinuxSystem"]),
        tests(of: "SecretsDirectory", ["LinuxSystem", "Messages", "latchkey-rotate"]),
        tests(of: "WorkerProtocol", ["LinuxSystem", "Messages", "SecretsDirectory"]),
        tests(of: "ServiceNotify", ["LinuxSystem", "Messages", "Systemd"]),
        tests(of: "LaunchConfiguration", ["LinuxSystem", "NameServices", "Secrets", "Messages", "WorkerProtocol"]),
        tests(of: "HTTPTransport", ["Secrets", "Messages", "LinuxSystem"], excluding: ["servers"]),
        tests(of: "Delivery", ["Secrets", "Messages", "LinuxSystem", "SecretsDirectory", "Cryptography"]),
        tests(of: "Supervision", ["LinuxSystem", "Messages", "WorkerProtocol"]),
        tests(of: "ManagedIdentity", ["Secrets", "Messages", "HTTPTransport", "LinuxSystem"]),
        tests(of: "KeyVault", ["Secrets", "Messages", "HTTPTransport", "ManagedIdentity", "LinuxSystem"]),
        tests(of: "Refresh", ["Secrets", "Messages", "LaunchConfiguration", "WorkerProtocol", "LinuxSystem"]),
        .testTarget(
            name: "AzureEmulatorTests",
            dependencies: [
                "AzureEmulator", "latchkey-emulator", "LatchkeyTestSupport",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "_CryptoExtras", package: "swift-crypto"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "SwiftASN1", package: "swift-asn1"),
                .product(name: "X509", package: "swift-certificates"),
            ],
            exclude: ["python-client"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "SampleAppTests",
            dependencies: ["latchkey-sample-app", "latchkey-probe"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "EndToEndTests",
            dependencies: ["LatchkeyTestSupport", "LinuxSystem", "Secrets", "Messages"],
            swiftSettings: strict
        ),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .gnu11,
    cxxLanguageStandard: .cxx17
)

// Its main function is libFuzzer's, so that it links in a build of its own only (Tests/Fuzzing/run.sh).
if Context.environment["LATCHKEY_FUZZING"] != nil {
    package.targets.append(
        .executableTarget(
            name: "latchkey-fuzz",
            dependencies: [
                "LinuxSystem", "Secrets", "Messages", "HTTPTransport", "WorkerProtocol", "ServiceNotify",
                "LaunchConfiguration", "Delivery", "ManagedIdentity", "KeyVault", "Refresh", "Systemd",
            ],
            path: "Tests/Fuzzing", exclude: ["Corpus", "run.sh"], swiftSettings: strict))
}

// A build of its own for a sanitizer (Tests/Sanitizers/run.sh).
if let sanitizer = Context.environment["LATCHKEY_SANITIZER"] {
    // The stand-in and the sample are no part of what is shipped, and most of the time of a build.
    let apart = ["AzureEmulator", "latchkey-emulator", "AzureEmulatorTests", "latchkey-sample-app", "SampleAppTests"]
    package.targets.removeAll { apart.contains($0.name) }
    package.products.removeAll { apart.contains($0.name) }
    for target in package.targets where target.type != .system {
        // A sanitizer's runtime can't be part of a static program.
        target.linkerSettings = nil
        target.swiftSettings?.append(.define("SANITIZED"))
    }
    let findings = "\"\(Context.packageDirectory)/.build-\(sanitizer)/findings\""
    for target in package.targets where target.name == "CLinux" {
        target.cSettings?.append(.define("LATCHKEY_FINDINGS", to: findings))
        // The address sanitizer's runtime has what reports of undefined behaviour need.
        if sanitizer == "address" { target.cSettings?.append(.unsafeFlags(["-fsanitize=undefined"])) }
    }
    for target in package.targets where target.name == "CTOML" && sanitizer == "address" {
        target.cxxSettings?.append(.unsafeFlags(["-fsanitize=undefined", "-fno-sanitize=vptr"]))
    }
}
