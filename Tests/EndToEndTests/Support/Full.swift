import Foundation

/// Whether tests that take minutes are run too (`deploy/test.sh --full`).
let runsFull = ProcessInfo.processInfo.environment["LATCHKEY_FULL"].map { !$0.isEmpty && $0 != "0" } ?? false

/// Whether the programs are built with a sanitizer (`Tests/Sanitizers/run.sh`).
let isSanitized = ProcessInfo.processInfo.environment["LATCHKEY_SANITIZER"] != nil
