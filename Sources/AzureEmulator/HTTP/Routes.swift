package import HTTPTypes
package import Hummingbird
package import NIOCore
import Synchronization

/// What a route is given besides the request: the whole call, and the connection it came on.
package struct EmulatorContext: RequestContext {
    package var coreContext: CoreRequestContextStorage
    package let channel: any Channel
    package var call: Call?
    /// Where the route leaves its answer: a response alone would not tell a route's 404 from the router's.
    package let result = AnswerBox()

    package init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
    }
}

/// Holds one answer.
package final class AnswerBox: Sendable {
    private let content = Mutex<Answer?>(nil)

    package var answer: Answer? {
        get { content.withLock { $0 } }
        set { content.withLock { $0 = newValue } }
    }
}

/// A route's code: from the whole call to its answer.
package typealias Handler = @Sendable (Call) throws(Refusal) -> Answer

/// One pattern of one endpoint, for example `secrets/:name`, and what answers it.
package struct Route: Sendable {
    var method: HTTPRequest.Method
    var pattern: String
    var handler: Handler

    package init(_ method: HTTPRequest.Method, _ pattern: String, _ handler: @escaping Handler) {
        self.method = method
        self.pattern = pattern
        self.handler = handler
    }
}

/// Routes of one endpoint.
package struct Routes: Sendable {
    private let responder: RouterResponder<EmulatorContext>

    package init(_ routes: [Route]) {
        let router = Router(context: EmulatorContext.self)
        for route in routes {
            let handler = route.handler
            router.on(RouterPath(route.pattern), method: route.method) { _, context in
                guard var call = context.call else { return HTTPResponse.Status.internalServerError }
                for (name, value) in context.parameters {
                    call.parameters[String(name)] = Percent.decode(value)
                }
                do throws(Refusal) {
                    context.result.answer = try handler(call)
                } catch {
                    context.result.answer = error.answer
                }
                return HTTPResponse.Status.ok
            }
        }
        responder = router.buildResponder()
    }

    /// The answer of the route that matches; nil if none does.
    package func answer(to request: Request, context: EmulatorContext) async -> Answer? {
        _ = try? await responder.respond(to: request, context: context)
        return context.result.answer
    }
}

extension HTTPResponse {
    /// The head that sends an answer; a header that HTTP does not allow is left out.
    package init(_ answer: Answer) {
        var fields = HTTPFields()
        for (name, value) in answer.headers {
            guard let name = HTTPField.Name(name) else { continue }
            fields.append(HTTPField(name: name, value: value))
        }
        self.init(status: HTTPResponse.Status(code: answer.status), headerFields: fields)
    }
}
