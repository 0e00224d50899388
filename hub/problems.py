"""Every kind of error the API answers with: RFC 9457 types, each with a page of its own."""

from dataclasses import dataclass
from http import HTTPStatus

from django.conf import settings

API_PREFIX = "/api/"  # below it every error is a problem; elsewhere it is a page


@dataclass(frozen=True, slots=True)
class Problem:
    """A kind of error. Clients branch on `type`, and on nothing else."""

    type: str
    status: HTTPStatus
    title: str
    explanation: str

    @property
    def url(self) -> str:
        return f"{settings.PUBLIC_URL}/problems/{self.type}"


_ALL = (
    Problem(
        "not-found",
        HTTPStatus.NOT_FOUND,
        "There is nothing here",
        "Nothing has this address, or it is private and not yours: the hub does not say which.",
    ),
    Problem(
        "invalid",
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "Some values cannot be used",
        "“errors” lists each value with a JSON pointer, a code and a sentence.",
    ),
    Problem(
        "malformed",
        HTTPStatus.BAD_REQUEST,
        "The request cannot be read",
        "The body is not what its Content-Type says or is cut off, or the host is not this hub's.",
    ),
    Problem(
        "unauthenticated",
        HTTPStatus.UNAUTHORIZED,
        "Who are you?",
        "Send a token: “Authorization: Bearer aeh_…”. Make one on your account's token page.",
    ),
    Problem(
        "bad-token",
        HTTPStatus.UNAUTHORIZED,
        "The token does not work",
        "It is mistyped, cut, revoked or expired. The detail says what is known.",
    ),
    Problem(
        "forbidden",
        HTTPStatus.FORBIDDEN,
        "This is not allowed",
        "You are known, but this needs a scope your token lacks, or belongs to somebody else.",
    ),
    Problem(
        "method-not-allowed",
        HTTPStatus.METHOD_NOT_ALLOWED,
        "This address does not do that",
        "The “Allow” header lists the methods that work here.",
    ),
    Problem(
        "not-acceptable",
        HTTPStatus.NOT_ACCEPTABLE,
        "There is no such representation",
        "The API speaks JSON; files come as they are.",
    ),
    Problem(
        "unsupported-media-type",
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "The body is of a type that is not read here",
        "Send JSON, or multipart/form-data where files are uploaded.",
    ),
    Problem(
        "too-large",
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "The request is too large",
        "Upload fewer files at a time, or a zip.",
    ),
    Problem(
        "precondition-failed",
        HTTPStatus.PRECONDITION_FAILED,
        "It is not what you expected",
        "What is there now is not what `If-Match` names.",
    ),
    Problem(
        "range-not-satisfiable",
        HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
        "The range lies outside the file",
        "“Content-Range” says how long the file is.",
    ),
    Problem(
        "rate-limited",
        HTTPStatus.TOO_MANY_REQUESTS,
        "Too many requests",
        "Wait as long as “Retry-After” says.",
    ),
    Problem(
        "quota-exceeded",
        HTTPStatus.TOO_MANY_REQUESTS,
        "The day's share is used up",
        "Each person has a share of uploads, builds and pictures a day. “violated-policies” names "
        "the one that is used up. All start anew at midnight UTC: “Retry-After” says how long "
        "that is.",
    ),
    Problem(
        "no-space",
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The hub has no embedding space yet",
        "Its keeper registers one with “manage.py register_space”.",
    ),
    Problem(
        "busy",
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The hub is busy",
        "It looks at a few uploads at a time, and at no more than three of one person; or as many "
        "jobs wait as its queue takes. Wait as long as “Retry-After” says.",
    ),
    Problem(
        "no-answer",
        HTTPStatus.SERVICE_UNAVAILABLE,
        "No worker could answer",
        "The question is sound; something is wrong with the worker that took it. Wait as long as "
        "“Retry-After” says: another may know.",
    ),
    Problem(
        "too-few-images",
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "The set is too small",
        "The mean of a single picture would be that picture's own vector, which stays private.",
    ),
    Problem(
        "few-images",
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "The set is small, and you have not accepted that",
        "An embedding of fewer than five pictures tells much of each. Add pictures, or send "
        "“accept_few: true”.",
    ),
    Problem(
        "close-versions",
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "The set is close to a published one, and you have not accepted that",
        "Two embeddings of sets that differ in fewer than five pictures tell exactly what those "
        "add. Change more pictures, or send “accept_close: true”.",
    ),
    Problem(
        "not-ready",
        HTTPStatus.CONFLICT,
        "The build is not ready",
        "Only a build that has succeeded can be published.",
    ),
    Problem(
        "card-changed",
        HTTPStatus.CONFLICT,
        "The card changed meanwhile",
        "Each time that the files were written, the card of the look, or of one that it is made "
        "of, changed. Publish again.",
    ),
    Problem(
        "not-published",
        HTTPStatus.CONFLICT,
        "The version is not published",
        "Only published versions can be yanked.",
    ),
    Problem(
        "not-shareable",
        HTTPStatus.CONFLICT,
        "It cannot be shared",
        "Only a drawing that has succeeded can be shared, and only while everybody may see its "
        "look; a sheet, once nothing of it waits or runs, while everybody may see all its looks. "
        "What a keeper of the hub took back can't be shared again.",
    ),
    Problem(
        "sheet-removed",
        HTTPStatus.CONFLICT,
        "The sheet is removed",
        "What was removed with its sheet is put back with it.",
    ),
    Problem(
        "incompatible-space",
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "The spaces differ",
        "Vectors of different encoders are never compared, blended or applied across.",
    ),
    Problem(
        "unsafe-file",
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "The file is not one that is read here",
        "Embedding files are read by their exact layout and never unpickled. The detail says what "
        "differs.",
    ),
    Problem(
        "foreign-space",
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "The file holds no vector of that space",
        "An aesthetic embedding is one vector of 768 numbers of the space that it is said to be "
        "of.",
    ),
    Problem(
        "not-offered",
        HTTPStatus.CONFLICT,
        "The version is not offered",
        "An alias is moved to a published version that was neither withdrawn nor taken down.",
    ),
    Problem(
        "unfit-successor",
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "The version can't be superseded by that one",
        "What supersedes a version is another one of the same space, public and not withdrawn.",
    ),
    Problem(
        "taken-down",
        HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS,
        "It was taken down",
        "A keeper of the hub took the version down. “digest” names it, “reason” says why, unless "
        "it is hidden; its bytes are served no more, and its vector is not published again.",
    ),
    Problem(
        "no-provenance",
        HTTPStatus.CONFLICT,
        "Nobody said where the pictures are from",
        "Before a build is published each of its pictures has a licence, and a source or somebody "
        "to credit: PATCH …/images/{digest}, or …/origin of all. Imports and blends have none.",
    ),
    Problem(
        "wrong-parents",
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "These looks can't be blended so",
        "A weighted mean is made of 2 to 16 looks with weights other than 0; slerp, difference and "
        "project-out of two, in their order and without weights, slerp with a share from 0 to 1.",
    ),
    Problem(
        "opposite-parents",
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "There is no one arc between these looks",
        "They point in exactly opposite directions, so no way from one to the other is the "
        "shortest.",
    ),
    Problem(
        "zero-result",
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "The looks cancel out",
        "What is left has no length, so it points nowhere.",
    ),
    Problem(
        "incompatible-licences",
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "The licences of these looks forbid a blend",
        "One of them lets nothing be made of it, or two of them ask for things that no licence "
        "does both. The detail names them.",
    ),
    Problem(
        "licence-not-inherited",
        HTTPStatus.CONFLICT,
        "The licence is more open than what it is made of",
        "A blend carries a licence that all its parents allow; the strictest wins.",
    ),
    Problem(
        "rating-not-inherited",
        HTTPStatus.CONFLICT,
        "The rating is milder than what it is made of",
        "A blend has the strictest rating of its parents.",
    ),
    Problem(
        "parent-not-offered",
        HTTPStatus.CONFLICT,
        "Something it is made of is not offered",
        "What a blend is made of must be public and not withdrawn when the blend is published.",
    ),
    Problem(
        "nothing-to-measure",
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "There is nothing to measure",
        "Only what was measured from pictures can be measured again; an imported vector has none.",
    ),
    Problem(
        "job-ended",
        HTTPStatus.CONFLICT,
        "The job has ended",
        "A job that succeeded, failed or was cancelled never changes again.",
    ),
    Problem(
        "internal",
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "Something went wrong on our side",
        "It is in our log. Trying again later may help.",
    ),
)

PROBLEMS = {problem.type: problem for problem in _ALL}
BY_STATUS = {problem.status: problem for problem in reversed(_ALL)}
