//! What has been taken in.

use leptos::ev::MouseEvent;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::task::spawn_local;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use super::components::{
    ConfirmDialog, DismissableProblem, EmptyState, ProblemNotice, Question, Seal, Sealed, StatCard, TimeOf,
    each, flag, on_click, on_submit, part, text, word,
};
use super::format;
use super::loaded::load;
use crate::domain::{Document, DocumentFilter, DocumentId, DocumentPage, KnowledgeBase, Problem};
use crate::server_fns::{DeleteDocument, delete_document, get_knowledge_base, list_documents};

const PAGE: u32 = DocumentPage::DEFAULT_LIMIT;

/// The documents on show.
#[derive(Clone, Copy)]
struct DocumentList {
    documents: RwSignal<Vec<Document>>,
    next: RwSignal<Option<DocumentId>>,
    knowledge: RwSignal<KnowledgeBase>,
    question: RwSignal<Option<Question>>,
    problem: RwSignal<Option<Problem>>,
}

#[component]
pub fn DocumentsPage() -> impl IntoView {
    let query = use_query_map();
    let before = move || query.read_untracked().get_str("before").and_then(|it| it.parse().ok());
    let fetch = move || async move {
        let knowledge = get_knowledge_base().await?;
        let page = list_documents(DocumentFilter::default(), before(), PAGE).await?;
        Ok((knowledge, page))
    };
    let show = move |loaded: Result<(KnowledgeBase, DocumentPage), Problem>| match loaded {
        Ok((knowledge, page)) => {
            let list = DocumentList {
                documents: RwSignal::new(page.documents),
                next: RwSignal::new(page.next),
                knowledge: RwSignal::new(knowledge),
                question: RwSignal::new(None),
                problem: RwSignal::new(None),
            };
            view! { <Documents list first=before().is_none()/> }.seal()
        }
        Err(problem) => view! { <ProblemNotice problem/> }.seal(),
    };
    view! {
        <Title text="Documents"/>
        <h1>"Documents"</h1>
        {load(move || query.track(), fetch, "Loading the documents…", show)}
    }
    .seal()
}

impl DocumentList {
    fn ask_to_delete(self, document: &Document) {
        let id = document.document_id;
        self.question.set(Some(Question {
            title: "Delete this document?".to_owned(),
            text: format!("“{}” and its chunks are deleted; no search finds them any more.", document.name),
            yes: "Delete document",
            no: "Keep it",
            then: Callback::new(move |()| self.delete(id)),
        }));
    }

    fn delete(self, id: DocumentId) {
        self.problem.set(None);
        spawn_local(async move {
            match delete_document(id).await {
                Ok(()) => {
                    self.documents.try_update(|it| it.retain(|document| document.document_id != id));
                    if let Ok(knowledge) = get_knowledge_base().await {
                        self.knowledge.try_set(knowledge);
                    }
                }
                Err(problem) => {
                    self.problem.try_set(Some(problem));
                }
            }
        });
    }

    fn show_more(self, event: &MouseEvent) {
        if event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key() {
            return;
        }
        event.prevent_default();
        let before = self.next.get_untracked();
        spawn_local(async move {
            match list_documents(DocumentFilter::default(), before, PAGE).await {
                // A second click while the first is answered adds nothing twice.
                Ok(page) if self.next.try_get_untracked() == Some(before) => {
                    self.documents.update(|it| it.extend(page.documents));
                    self.next.set(page.next);
                }
                Ok(_) => (),
                Err(problem) => {
                    self.problem.try_set(Some(problem));
                }
            }
        });
    }
}

#[component]
fn Documents(list: DocumentList, first: bool) -> impl IntoView {
    let knowledge = list.knowledge;
    let number = |of: fn(&KnowledgeBase) -> u64| text(move || format::count(of(&knowledge.read())));
    let empty = Memo::new(move |_| list.documents.read().is_empty());
    let index = word(move || {
        if knowledge.read().index.up_to_date {
            "The search index is up to date."
        } else {
            "The search index is catching up; the newest documents may not be found yet."
        }
    });
    let more = part(move || {
        list.next.get().map(|next| {
            view! {
                <a
                    class="button"
                    data-testid="show-more"
                    href=format!("/app/documents?before={next}")
                    on:click=on_click(move |event| list.show_more(&event))
                >
                    "Show more"
                </a>
            }
            .seal()
        })
    });
    let shown = move || format!("{} of {}", list.documents.read().len(), knowledge.read().documents);
    view! {
        <dl class="stats small">
            <StatCard label="Documents" name="documents" value=number(|it| it.documents)/>
            <StatCard label="Chunks" name="chunks" value=number(|it| it.chunks)/>
            <div class="stat">
                <dt>"Size of sources"</dt>
                <dd>{text(move || format::bytes(knowledge.read().bytes))}</dd>
            </div>
        </dl>
        <p class="muted">{index}</p>
        <DismissableProblem problem=list.problem/>
        {(!first).then(|| view! { <p><a href="/app/documents">"Back to the newest"</a></p> }.seal())}
        <table class="documents" role="table" aria-label="Documents, newest first" hidden=flag(move || empty.get())>
            <thead role="rowgroup">
                <tr role="row">
                    <th role="columnheader" scope="col">"Document"</th>
                    <th role="columnheader" scope="col">"Type"</th>
                    <th role="columnheader" scope="col" class="cell-number">"Size"</th>
                    <th role="columnheader" scope="col" class="cell-number">"Chunks"</th>
                    <th role="columnheader" scope="col">"Taken in (UTC)"</th>
                    <th role="columnheader" scope="col"><span class="visually-hidden">"Actions"</span></th>
                </tr>
            </thead>
            <tbody role="rowgroup">
                {each(
                    move || list.documents.get(),
                    |document| document.document_id.0.as_u128(),
                    move |document| row(list, document),
                )}
            </tbody>
        </table>
        {part(move || {
            empty
                .get()
                .then(|| {
                    view! {
                        <EmptyState title="No documents">
                            <a href="/">"Add a file or a text"</a> " and it appears here."
                        </EmptyState>
                    }
                    .seal()
                })
        })}
        <div class="list-foot">{more} <span class="muted">{text(shown)}</span></div>
        <ConfirmDialog question=list.question testid="confirm-delete"/>
    }
    .seal()
}

fn row(list: DocumentList, document: Document) -> Sealed {
    let id = document.document_id;
    let name = document.name.clone();
    let (media_type, size, chunks) = (document.media_type.clone(), document.size_bytes, document.chunk_count);
    let created = document.created_at;
    let label = format!(" {name}");
    let submit = on_submit(move |event| {
        event.prevent_default();
        list.ask_to_delete(&document);
    });
    view! {
        <tr role="row" data-testid="document" data-document-id=id.to_string()>
            <td role="cell" class="cell-name"><a class="job-name" href=format!("/app/documents/{id}")>{name}</a></td>
            <td role="cell" data-label="Type">{media_type}</td>
            <td role="cell" class="cell-number" data-label="Size">{format::bytes(size)}</td>
            <td role="cell" class="cell-number" data-label="Chunks">{format::count(chunks)}</td>
            <td role="cell" class="cell-times" data-label="Taken in (UTC)"><TimeOf time=created/></td>
            <td role="cell" class="cell-actions">
                <form action=DeleteDocument::url() method="post" on:submit=submit>
                    <input type="hidden" name="id" value=id.to_string()/>
                    <button class="button small" data-testid="delete-document">
                        "Delete" <span class="visually-hidden">{label}</span>
                    </button>
                </form>
            </td>
        </tr>
    }
    .seal()
}
