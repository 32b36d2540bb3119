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
let tomlKit = Target.Dependency.product(name: "TOMLKit", package: "TOMLKit")

func room(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(of name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .testTarget(
        name: "\(name)Tests",
        dependencies: [.byName(name: name), "LatchkeyTestSupport"] + dependencies,
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
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/LebJe/TOMLKit", exact: "0.6.0"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", exact: "2.1.1"),
        // The emulator, the sample app and the tests only.
        .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1"),
        .package(url: "https://github.com/apple/swift-certificates", exact: "1.21.1"),
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
    ],
    targets: [
        // C: what Swift cannot import.
        .target(
            name: "CLinux", cSettings: [.unsafeFlags(["-fstack-protector-strong", "-Wall", "-Wextra", "-Werror"])]),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CSystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev"])]),

        // 1: the kernel, secret bytes, messages.
        room("LinuxSystem", ["CLinux"]),
        room("Secrets"),
        room("Messages"),
        room("Cryptography", ["COpenSSL", "Secrets"]),

        // 2
        room("Generations", ["LinuxSystem", "Messages"]),
        room("WorkerProtocol", ["LinuxSystem", "Messages"]),
        room("ServiceNotify", ["LinuxSystem"]),
        room("LaunchConfiguration", ["LinuxSystem", "Secrets", "Messages", argumentParser, tomlKit]),
        room("HTTPTransport", ["LinuxSystem", "Secrets", "Messages", "CCurl"]),
        room(
            "Delivery",
            [
                "LinuxSystem", "Secrets", "Messages", "Generations", "Cryptography",
                .product(name: "Mustache", package: "swift-mustache"),
            ]
        ),
        room("Supervision", ["LinuxSystem", "Messages", "WorkerProtocol", "ServiceNotify", "Generations"]),
        room("ServiceManager", ["LinuxSystem", "Messages", "CSystemd"]),

        // 3 to 5
        room("ManagedIdentity", ["LinuxSystem", "Secrets", "Messages", "HTTPTransport", "Cryptography"]),
        room("KeyVault", ["LinuxSystem", "Secrets", "Messages", "HTTPTransport", "ManagedIdentity", "Cryptography"]),
        room(
            "Refresh",
            [
                "LinuxSystem", "Secrets", "Messages", "WorkerProtocol", "LaunchConfiguration", "HTTPTransport",
                "ManagedIdentity", "KeyVault", "Delivery", "Generations", "Cryptography",
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
                "LinuxSystem", "Secrets", "Messages", "WorkerProtocol", "LaunchConfiguration", "HTTPTransport",
                "ManagedIdentity", "KeyVault", "Delivery", "Generations", "Refresh", "ServiceManager", "Cryptography",
                argumentParser,
            ],
            exclude: [],
            swiftSettings: strict
        ),

        // T: an independent stand-in for Azure, a sample, and what the tests need.
        .target(
            name: "AzureEmulator",
            dependencies: [
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"),
                .product(name: "X509", package: "swift-certificates"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "_CryptoExtras", package: "swift-crypto"),
                tomlKit,
            ],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "latchkey-emulator", dependencies: ["AzureEmulator", argumentParser], swiftSettings: strict),
        .executableTarget(
            name: "latchkey-sample-app",
            dependencies: [
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Crypto", package: "swift-crypto"),
                argumentParser,
            ],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "latchkey-probe", cSettings: [.unsafeFlags(["-Wall", "-Wextra", "-Werror"])]),
        .executableTarget(
            name: "latchkey-rotate", dependencies: ["Generations", "LinuxSystem", "Messages"], swiftSettings: strict),
        room("LatchkeyTestSupport", ["LinuxSystem", "Secrets", "Messages", "HTTPTransport"]),

        tests(of: "LinuxSystem"),
        tests(of: "Secrets"),
        tests(of: "Messages"),
        tests(of: "Cryptography"),
        tests(of: "Generations", ["LinuxSystem", "Messages", "latchkey-rotate"]),
        tests(of: "WorkerProtocol", ["LinuxSystem", "Messages"]),
        tests(of: "ServiceNotify", ["LinuxSystem"]),
        tests(of: "LaunchConfiguration", ["Secrets", "Messages"]),
        tests(of: "HTTPTransport", ["Secrets", "Messages", "LinuxSystem"]),
        tests(of: "Delivery", ["Secrets", "Messages", "LinuxSystem", "Generations", "Cryptography"]),
        tests(of: "Supervision", ["LinuxSystem", "Messages", "WorkerProtocol"]),
        tests(of: "ManagedIdentity", ["Secrets", "Messages", "HTTPTransport", "LinuxSystem"]),
        tests(of: "KeyVault", ["Secrets", "Messages", "HTTPTransport", "ManagedIdentity", "LinuxSystem"]),
        tests(of: "Refresh", ["Secrets", "Messages", "LaunchConfiguration", "WorkerProtocol", "LinuxSystem"]),
        tests(of: "AzureEmulator", [.product(name: "HummingbirdTesting", package: "hummingbird")]),
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
