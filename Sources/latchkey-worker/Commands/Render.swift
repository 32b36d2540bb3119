import Delivery
import HTTPTransport
import LaunchConfiguration
import LinuxSystem
import Messages
import Refresh
import Secrets

/// `latchkey render`: a template with its values, on standard output.
enum Render {
    static func run(
        _ plan: LaunchPlan, _ input: ParsedCommand.TemplateInput, reveal: Bool, _ environment: EnvironmentEntries,
        _ log: WorkerLog
    ) -> Int32 {
        Output.ending(log) { () throws(RefreshFailure) in
            try RefreshFailure.of { () throws(Diagnosis) in try Output.checkTerminal(reveal: reveal) }
            var plan = plan
            let source = try RefreshFailure.of { () throws(DeliveryError) in try templateSource(input) }
            plan.items = [
                DeliveryItem(
                    .file("standard output"), .template(source, vault: plan.vault),
                    location: SourceLocation("standard input"))
            ]
            let fetchedSet = try Output.fetch(plan, environment, log)
            guard let slot = fetchedSet.slots.first else { return }
            try RefreshFailure.of { () throws(Diagnosis) in try Output.write(slot, of: fetchedSet.set) }
        }
    }

    private static func templateSource(_ input: ParsedCommand.TemplateInput) throws(DeliveryError) -> TemplateSource {
        guard case .file(let path) = input else {
            let bytes: [UInt8]
            do throws(SystemError) {
                bytes = try InputFile.standardInput(limit: Template.sizeLimit)
            } catch {
                throw .templateMissing(error)
            }
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw .templateSyntax(
                    TemplateLocation(path: "standard input", line: 1, column: 1), "the template is not UTF-8 text")
            }
            return .text(text)
        }
        return .file(path)
    }
}
