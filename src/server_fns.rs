//! The one door from pages to the server: thin functions, no decisions.
//!
//! A body is compiled for the server only, so server imports go inside. Each function calls the
//! method that the REST handler of the same name calls, and fails with the same [`Problem`].

use std::fmt::Display;
use std::marker::PhantomData;
use std::pin::Pin;

use http::Method;
use leptos::prelude::*;
use leptos::server_fn::client::Client;
use leptos::server_fn::codec::{Encoding, IntoReq, Json, JsonEncoding, PostUrl};
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use leptos::server_fn::response::ClientRes;
use leptos::server_fn::server::Server;
use leptos::server_fn::{ContentType, Http, Protocol};
use serde::de::DeserializeOwned;

use crate::domain::{
    Answer, BulkOutcome, Chunk, Document, DocumentFilter, DocumentId, DocumentPage, History, HistoryRange,
    ItemFilter, Job, JobCause, JobDetails, JobId, JobItemPage, JobQuery, JobSelection, JobsView,
    KnowledgeBase, Limits, Problem, QueueChange, QueueState, WebhookDelivery, json,
};

/// A page of jobs, with the counts of all and the state of the queue.
#[server(prefix = "/_fn", endpoint = "list_jobs", protocol = Call<Json>)]
pub async fn list_jobs(query: JobQuery) -> Result<JobsView, Problem> {
    use crate::server::{http::problem::answer, state::AppState};
    answer(expect_context::<AppState>().jobs.view(query).await)
}

/// The change number from which to follow a job that is looked at after this.
#[server(prefix = "/_fn", endpoint = "follow_job", protocol = Call<Json>)]
pub async fn follow_job(id: JobId) -> Result<u64, Problem> {
    use crate::server::{http::problem::answer, state::AppState};
    answer(expect_context::<AppState>().jobs.follow(id).await)
}

/// One job with all there is to say about it.
#[server(prefix = "/_fn", endpoint = "get_job", protocol = Call<Json>)]
pub async fn get_job(id: JobId) -> Result<JobDetails, Problem> {
    use crate::server::{http::problem::answer, state::AppState};
    answer(expect_context::<AppState>().jobs.details(id).await)
}

/// Results of a job's items, in their order.
#[server(prefix = "/_fn", endpoint = "get_items", protocol = Call<Json>)]
pub async fn get_items(id: JobId, filter: ItemFilter) -> Result<JobItemPage, Problem> {
    use crate::server::{http::problem::answer, state::AppState};
    answer(expect_context::<AppState>().jobs.items(id, filter).await)
}

/// Who was told of a job's end, the last first; of their URLs only what is no secret.
#[server(prefix = "/_fn", endpoint = "get_webhooks", protocol = Call<Json>)]
pub async fn get_webhooks(job: JobId) -> Result<Vec<WebhookDelivery>, Problem> {
    use crate::server::{http::acting::scopes, http::problem::answer, state::AppState};
    answer(expect_context::<AppState>().webhooks.of_job(job, scopes()).await)
}

/// What happened over time, for charts.
#[server(prefix = "/_fn", endpoint = "get_history", protocol = Call<Json>)]
pub async fn get_history(range: HistoryRange) -> Result<History, Problem> {
    use crate::server::{clock, http::problem::answer, state::AppState};
    answer(expect_context::<AppState>().jobs.history(range, clock::now()).await)
}

/// Cancels a pending job at once, and asks a running one to stop.
#[server(prefix = "/_fn", endpoint = "cancel_job", protocol = Call<PostUrl>)]
pub async fn cancel_job(id: JobId) -> Result<Job, Problem> {
    use crate::server::http::{acting::acting, problem::answer};
    answer(acting()?.jobs.cancel(id).await)
}

/// Puts a failed or cancelled job back into the queue.
#[server(prefix = "/_fn", endpoint = "retry_job", protocol = Call<PostUrl>)]
pub async fn retry_job(id: JobId) -> Result<Job, Problem> {
    use crate::server::http::{acting::acting, problem::answer};
    answer(acting()?.jobs.retry(id, None).await)
}

/// The same, with what opens the encrypted file that it failed at.
#[server(prefix = "/_fn", endpoint = "retry_with_password", protocol = Call<PostUrl>)]
pub async fn retry_with_password(id: JobId, password: String) -> Result<Job, Problem> {
    use crate::server::http::{acting::acting, problem::answer};
    answer(acting()?.jobs.retry(id, Some(password).filter(|it| !it.is_empty()).map(Into::into)).await)
}

/// Cancels all jobs of a selection.
#[server(prefix = "/_fn", endpoint = "cancel_jobs", protocol = Call<Json>)]
pub async fn cancel_jobs(selection: JobSelection) -> Result<BulkOutcome, Problem> {
    use crate::server::http::{acting::acting, problem::answer};
    answer(acting()?.jobs.cancel_many(selection).await)
}

/// Puts all jobs of a selection back into the queue that can be retried.
#[server(prefix = "/_fn", endpoint = "retry_jobs", protocol = Call<Json>)]
pub async fn retry_jobs(selection: JobSelection) -> Result<BulkOutcome, Problem> {
    use crate::server::http::{acting::acting, problem::answer};
    answer(acting()?.jobs.retry_many(selection).await)
}

/// Takes all jobs of a selection off the list that have ended; their documents stay.
#[server(prefix = "/_fn", endpoint = "delete_jobs", protocol = Call<Json>)]
pub async fn delete_jobs(selection: JobSelection) -> Result<BulkOutcome, Problem> {
    use crate::server::http::{acting::acting, problem::answer};
    answer(acting()?.jobs.delete_many(selection).await)
}

/// Why jobs need attention, the most frequent cause first.
#[server(prefix = "/_fn", endpoint = "list_causes", protocol = Call<Json>)]
pub async fn list_causes() -> Result<Vec<JobCause>, Problem> {
    use crate::server::{http::problem::answer, state::AppState};
    answer(expect_context::<AppState>().jobs.causes().await)
}

/// Pauses the queue or lets it go on, and sets how many jobs are read at once.
#[server(prefix = "/_fn", endpoint = "change_queue", protocol = Call<Json>)]
pub async fn change_queue(change: QueueChange) -> Result<QueueState, Problem> {
    use crate::server::http::{acting::acting, problem::answer};
    answer(acting()?.jobs.change_queue(change).await)
}

/// How many jobs are begun before each of these, at most 200; nothing of those that are not pending, or far behind.
#[server(prefix = "/_fn", endpoint = "queue_places", protocol = Call<Json>)]
pub async fn queue_places(ids: Vec<JobId>) -> Result<Vec<(JobId, u64)>, Problem> {
    use crate::server::{http::problem::answer, state::AppState};
    answer(expect_context::<AppState>().jobs.places(ids).await)
}

/// Takes in a text typed or pasted into the page, as the job named in the answer.
#[server(prefix = "/_fn", endpoint = "ingest_text", protocol = Call<PostUrl>)]
pub async fn ingest_text(text: String) -> Result<JobId, Problem> {
    use crate::domain::Metadata;
    use crate::server::http::{acting::acting, problem::answer};
    answer(acting()?.jobs.submit_text(text, Metadata::default().into()).await).map(|job| job.job_id)
}

/// Answers a question over everything that was taken in.
#[server(prefix = "/_fn", endpoint = "ask", protocol = Call<Json>)]
pub async fn ask(question: String, max_chunks: u32) -> Result<Answer, Problem> {
    use crate::domain::Query;
    use crate::server::{http::problem::answer, state::AppState};
    answer(expect_context::<AppState>().library.ask(Query { question, max_chunks }).await)
}

/// The newest documents that match the filter, or those older than `before`.
#[server(prefix = "/_fn", endpoint = "list_documents", protocol = Call<Json>)]
pub async fn list_documents(
    filter: DocumentFilter,
    before: Option<DocumentId>,
    limit: u32,
) -> Result<DocumentPage, Problem> {
    use crate::server::{http::problem::answer, state::AppState};
    answer(expect_context::<AppState>().library.documents(filter, before, limit).await)
}

/// One document with its warnings, its chunks from `offset` on, and the offset of the next chunks, if there are
/// more.
#[server(prefix = "/_fn", endpoint = "get_document", protocol = Call<Json>)]
pub async fn get_document(
    id: DocumentId,
    offset: u64,
) -> Result<(Document, Vec<String>, Vec<Chunk>, Option<u64>), Problem> {
    use crate::domain::DocumentWithChunks;
    use crate::server::{http::problem::answer, state::AppState};
    answer(expect_context::<AppState>().library.document(id, offset, DocumentWithChunks::DEFAULT_LIMIT).await)
        .map(|found| {
            let warnings = found.warnings.into_iter().map(|it| it.message).collect();
            (found.document, warnings, found.chunks, found.next_offset)
        })
}

/// Deletes a document: no query finds it any more.
#[server(prefix = "/_fn", endpoint = "delete_document", protocol = Call<PostUrl>)]
pub async fn delete_document(id: DocumentId) -> Result<(), Problem> {
    use crate::server::http::{acting::acting, problem::answer, told};
    answer(acting()?.library.delete_document(id).await)?;
    // Its own page is gone; any other stays as it is.
    if !told::came_from_elsewhere(&format!("/app/documents/{id}")) {
        leptos_axum::redirect("/app/documents");
    }
    Ok(())
}

/// How much has been taken in.
#[server(prefix = "/_fn", endpoint = "get_knowledge_base", protocol = Call<Json>)]
pub async fn get_knowledge_base() -> Result<KnowledgeBase, Problem> {
    use crate::server::{http::problem::answer, state::AppState};
    answer(expect_context::<AppState>().library.knowledge_base().await)
}

/// What the server takes, for what can be told before anything is sent.
#[server(prefix = "/_fn", endpoint = "get_limits", protocol = Call<Json>)]
pub async fn get_limits() -> Result<Limits, Problem> {
    use crate::server::state::AppState;
    // Every page asks, also the one that is written at the start to learn the routes; it has no server.
    use_context::<AppState>().map(|it| it.limits.as_ref().clone()).ok_or_else(Problem::internal)
}

/// Why the form was refused that a page without scripts has just sent; told once.
#[server(prefix = "/_fn", endpoint = "take_refusal", protocol = Call<Json>)]
pub async fn take_refusal() -> Result<Option<Problem>, Problem> {
    use crate::server::http::told;
    Ok(told::take())
}

/// Errors of the transport itself become Problems too.
impl FromServerFnError for Problem {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Args(cause)
            | ServerFnErrorErr::MissingArg(cause)
            | ServerFnErrorErr::Deserialization(cause) => {
                Problem::new(400, "invalid_arguments", format!("The request cannot be read: {cause}"))
            }
            other => no_answer(&other),
        }
    }
}

fn no_answer(cause: &dyn Display) -> Problem {
    Problem::new(502, "no_answer", format!("The server did not answer as expected: {cause}"))
}

/// How a server function is called: as by Leptos's `Http`, but in the browser all functions share the
/// code that sends the request and awaits the answer.
#[derive(Debug)]
pub struct Call<Input>(PhantomData<Input>);

impl<Input, Arguments, Output, Browser, Host> Protocol<Arguments, Output, Browser, Host, Problem>
    for Call<Input>
where
    Http<Input, Json>: Protocol<Arguments, Output, Browser, Host, Problem>,
    Input: Encoding,
    Arguments: IntoReq<Input, Browser::Request, Problem> + Send,
    Output: DeserializeOwned,
    Browser: Client<Problem>,
    Host: Server<Problem>,
{
    const METHOD: Method = Input::METHOD;

    fn run_server<F, Fut>(
        request: Host::Request,
        function: F,
    ) -> impl Future<Output = Result<Host::Response, Problem>> + Send
    where
        F: Fn(Arguments) -> Fut + Send,
        Fut: Future<Output = Result<Output, Problem>> + Send,
    {
        Http::<Input, Json>::run_server(request, function)
    }

    async fn run_client(path: &str, arguments: Arguments) -> Result<Output, Problem> {
        let request = arguments.into_req(path, Json::CONTENT_TYPE)?;
        let body = exchange::<Browser>(request).await?;
        json::read(&body).map_err(|error| no_answer(&error))
    }
}

type Exchange = Pin<Box<dyn Future<Output = Result<String, Problem>> + Send>>;

/// The body of the answer, or the problem it tells.
fn exchange<Browser: Client<Problem>>(request: Browser::Request) -> Exchange {
    Box::pin(async move {
        let response = Browser::send(request).await?;
        let has_failed = response.status() >= 400;
        let body = response.try_into_string().await?;
        if has_failed { Err(json::read(&body).unwrap_or_else(|error| no_answer(&error))) } else { Ok(body) }
    })
}
