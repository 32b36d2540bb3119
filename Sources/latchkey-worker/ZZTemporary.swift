import LaunchConfiguration
import LinuxSystem
import Messages
import Secrets
struct ConfigurationError: Error { let diagnosis: Diagnosis }
enum ParsedCommand {
    case run(LaunchPlan), sidecar(LaunchPlan), sync(LaunchPlan), get(LaunchPlan, ObjectRequest), list(LaunchPlan)
    var isSidecar: Bool { if case .sidecar = self { true } else { false } }
}
extension LaunchPlan { var isInstanceChosen: Bool { false } }
func parseCommandLine(_ arguments: [[UInt8]], _ environment: EnvironmentEntries) throws(ConfigurationError) -> ParsedCommand {
    var plan = LaunchPlan()
    let words = arguments.map { String(decoding: $0, as: UTF8.self) }
    var i = 2
    func ref(_ s: String) -> ObjectRequest { ObjectRequest(reference: VaultReference(object: VaultObject(vault: plan.vault!, name: s))) }
    var rest: [String] = []
    while i < words.count {
        switch words[i] {
        case "--": plan.child.commandIndex = i + 1; plan.instance = words[i + 1].split(separator: "/").last.map(String.init); i = words.count
        case "--vault": let u = words[i + 1].dropFirst(8).split(separator: ":"); plan.vault = VaultAddress(host: String(u[0]), port: u.count > 1 ? UInt16(u[1]) : nil); i += 2
        case "--ca-file": plan.authoritiesFile = words[i + 1]; i += 2
        case "--once": plan.child.once = true; i += 1
        case "--on-change": plan.refresh.onChange = words[i + 1] == "restart" ? .restart : .signal(1); i += 2
        case "-e": let p = words[i + 1].split(separator: "="); plan.environment.append(EnvironmentEntry(name: String(p[0]), request: ref(String(p[1])), place: Place("-e"))); i += 2
        case "-f": let p = words[i + 1].split(separator: "="); plan.files.append(FileEntry(path: String(p[0]), content: .object(ref(String(p[1]))), place: Place("-f"))); i += 2
        default: rest.append(words[i]); i += 1
        }
    }
    switch words[1] {
    case "run": return .run(plan)
    case "sidecar": return .sidecar(plan)
    case "sync": return .sync(plan)
    case "get": return .get(plan, ref(rest[0]))
    default: return .list(plan)
    }
}
extension CommandWorker {
    static func perform(_ c: ParsedCommand, _ e: EnvironmentEntries, _ log: WorkerLog) -> Int32 {
        switch c {
        case .sync(let p): return Sync.run(p, e, log)
        case .get(let p, let r): return Get.run(p, r, e, log)
        case .list(let p): return List.run(p, json: false, e, log)
        default: return 64
        }
    }
}
